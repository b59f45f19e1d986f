// Says in the page that a widget has lost its kernel, or waits for it. Joined in front of each script that uses it.
const SILENT_MS = 3000;

// `words`: {lost, waiting}, each {zh, en}; `lang()`: zh, en or both; the notice stands first in `root`
function watchKernel({ model, root, words, lang }) {
  const notice = document.createElement("p");
  notice.className = "crm-kernel-notice";
  notice.setAttribute("role", "status");
  notice.hidden = true;
  root.prepend(notice);
  let state = "", timer = 0;

  const say = () => {
    notice.hidden = !state;
    if (!state) return;
    const { zh, en } = words[state];
    const language = lang();
    notice.textContent = language === "both" ? `${zh}\n${en}` : language === "en" ? en : zh;
  };
  const become = (next) => {
    state = next;
    root.classList.toggle("crm-kernel-lost", state === "lost");
    // neither mouse nor keyboard moves what nobody answers; the notice stays readable to everybody
    for (const part of root.children) part.inert = state === "lost" && part !== notice;
    say();
  };
  // the widget manager says it once, when the kernel of this model is restarted: its comm never comes back
  const lost = () => {
    clearTimeout(timer);
    become("lost");
  };
  const language = new MutationObserver(say);
  language.observe(document.body, { attributes: true, attributeFilter: ["data-crm-lang"] });
  model.on("comm_live_update", lost);

  return {
    asked() {
      clearTimeout(timer);
      timer = setTimeout(() => { if (!state) become("waiting"); }, SILENT_MS);
    },
    answered() {
      clearTimeout(timer);
      if (state === "waiting") become("");
    },
    stop() {
      clearTimeout(timer);
      language.disconnect();
      model.off("comm_live_update", lost);
      notice.remove();
    },
  };
}

