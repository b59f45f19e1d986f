// Buttons, options and tabs hold plain text: in the bilingual edition it follows the page's language switch from here.
// And the board says so when its kernel is gone: it would look alive and answer nothing.
const TEXTS = "option, button, .lm-TabBar-tabLabel, .widget-readout";

// each text in the page's language; `words`: as the kernel writes it in both → {zh, en}
function followSwitch(board, words) {
  const lang = document.body.dataset.crmLang;
  for (const node of board.querySelectorAll(TEXTS)) {
    const text = node.textContent.replaceAll("\u00a0", " "); // in options spaces are hard ones
    if (text in words) node.dataset.crmBoth = text; // as the kernel wrote it
    const said = words[node.dataset.crmBoth];
    const wanted = said && (said[lang] ?? node.dataset.crmBoth);
    // what the kernel has changed meanwhile to other text is none of ours any more
    const ours = said && [node.dataset.crmBoth, said.zh, said.en].includes(text);
    if (ours && text !== wanted) node.textContent = wanted;
  }
}

function render({ model, el }) {
  const words = model.get("words");
  const language = () => {
    const fixed = model.get("lang");
    if (fixed !== "both") return fixed;
    const chosen = document.body.dataset.crmLang;
    return chosen === "zh" || chosen === "en" ? chosen : "both";
  };
  // the notices change when the game's file begins
  const notices = {
    get lost() { return model.get("notices").lost; },
    get waiting() { return model.get("notices").waiting; },
  };
  let kernel, board, due = 0;
  const later = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      if (board) followSwitch(board, words);
    });
  };
  const pressed = (event) => {
    if (!event.target.closest("button.crm-step")) return;
    kernel.asked();
    model.send({ pressed: true });
  };
  const answered = () => kernel?.answered();
  const switched = new MutationObserver(later);
  switched.observe(document.body, { attributes: true, attributeFilter: ["data-crm-lang"] });
  const drawn = new MutationObserver(later); // panes and options come later than this
  model.on("msg:custom", answered);
  requestAnimationFrame(() => {
    board = el.closest(".crm-board");
    if (!board) return;
    kernel = watchKernel({ model, root: board, words: notices, lang: language });
    board.addEventListener("click", pressed, { capture: true });
    drawn.observe(board, { childList: true, subtree: true, characterData: true });
    followSwitch(board, words);
  });
  return () => {
    switched.disconnect();
    drawn.disconnect();
    model.off("msg:custom", answered);
    board?.removeEventListener("click", pressed, { capture: true });
    kernel?.stop();
  };
}
export default { render };
