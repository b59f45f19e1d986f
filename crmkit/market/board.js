// Buttons, options and tabs hold plain text: in the bilingual edition it follows the page's language switch from here.
const TEXTS = "option, button, .lm-TabBar-tabLabel, .widget-readout";

function render({ model, el }) {
  const words = model.get("words");
  const follow = () => {
    const board = el.closest(".crm-board");
    const lang = document.body.dataset.crmLang;
    for (const node of board ? board.querySelectorAll(TEXTS) : []) {
      const text = node.textContent.replaceAll("\u00a0", " "); // in options spaces are hard ones
      if (text in words) node.dataset.crmBoth = text; // as the kernel wrote it
      const said = words[node.dataset.crmBoth];
      const wanted = said && (said[lang] ?? node.dataset.crmBoth);
      // what the kernel has changed meanwhile to other text is none of ours any more
      const ours = said && [node.dataset.crmBoth, said.zh, said.en].includes(text);
      if (ours && text !== wanted) node.textContent = wanted;
    }
  };
  let due = 0;
  const later = () => { due ||= requestAnimationFrame(() => { due = 0; follow(); }); };
  const switched = new MutationObserver(later);
  switched.observe(document.body, { attributes: true, attributeFilter: ["data-crm-lang"] });
  const drawn = new MutationObserver(later); // panes and options come later than this
  requestAnimationFrame(() => {
    const board = el.closest(".crm-board");
    if (board) drawn.observe(board, { childList: true, subtree: true, characterData: true });
    follow();
  });
  return () => { switched.disconnect(); drawn.disconnect(); };
}
export default { render };
