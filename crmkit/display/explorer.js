// Draws a scene that Python computed, and sends what the reader sets back to Python. No figures are computed here.
const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes, text, namespace) {
  const node = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  if (text !== undefined) node.textContent = text;
  return node;
}

// a text is a string, or {zh, en}; in both languages: what {both} says, else one line, or two where `lines` says so
function words(text, lang) {
  if (typeof text === "string") return [text];
  if (lang in text) return [text[lang]];
  return text.zh === text.en ? [text.zh] : [text.zh, text.en];
}

function textMark(mark, lang) {
  const node = element("text", { x: mark.x, y: mark.y, "text-anchor": mark.anchor, class: mark.class }, undefined, SVG);
  const parts = words(mark.text, lang);
  if (parts.length === 1 || !mark.lines) {
    node.textContent = parts.join(" ");
    return node;
  }
  parts.forEach((part, i) => {
    const dy = i ? "1.15em" : mark.lines === "up" ? "-1.15em" : mark.lines === "middle" ? "-0.55em" : "0";
    node.append(element("tspan", { x: mark.x, dy }, part, SVG));
  });
  return node;
}

function draw(svg, scene, lang) {
  svg.setAttribute("viewBox", `0 0 ${scene.width} ${scene.height}`);
  const nodes = scene.marks.map((mark) => {
    if (mark.kind === "text") return textMark(mark, lang);
    const { kind, ...attributes } = mark;
    return element(kind, attributes, undefined, SVG);
  });
  svg.replaceChildren(...nodes);
}

// while a live view is on the page, the picture that the explorer leaves for pages without widgets is not shown
function hideStill(root, key) {
  const still = `[data-crm-still="${key}"]`;
  root.append(element("style", {}, `.jp-OutputArea-child:has(${still}), ${still} {display: none}`));
}

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  const controls = model.get("controls");
  const values = { ...model.get("scene").values };
  let sent = 0, waitingSince = 0, newer = false;

  const root = element("div", { class: "crm-explorer" });
  const panel = element("div", { class: "crm-controls", role: "group" });
  const svg = element("svg", { role: "img", class: "crm-scene", preserveAspectRatio: "xMidYMin meet" }, undefined, SVG);
  const said = element("p", { class: "crm-said", "aria-live": "polite" });
  root.append(panel, svg, said);
  hideStill(root, model.get("still"));
  el.append(root);

  const lang = () => {
    const fixed = model.get("lang");
    if (fixed !== "both") return fixed;
    const chosen = document.body.dataset.crmLang;
    return chosen === "zh" || chosen === "en" ? chosen : "both";
  };

  const kernel = watchKernel({ model, root, words: model.get("notices"), lang });

  // one frame under way at a time; while it is, only the newest setting is kept. A frame that has not come when the
  // kernel counts as silent is given up, so that the controls never hang
  const ask = () => {
    if (waitingSince && performance.now() - waitingSince < SILENT_MS) {
      newer = true;
      return;
    }
    waitingSince = performance.now();
    newer = false;
    kernel.asked();
    model.send({ values: { ...values }, reply: [view, ++sent] });
  };

  const parts = controls.map((control) => {
    const field = element("label", { class: "crm-control" });
    const name = element("span", { class: "crm-name" });
    const shown = element("output", { class: "crm-shown" });
    let input;
    if (control.kind === "choice") {
      input = element("select", { name: control.name });
      control.options.forEach((option) => input.append(element("option", { value: option.value })));
    } else {
      input = element("input", {
        type: "range", name: control.name, min: control.min, max: control.max, step: control.step,
      });
    }
    // JupyterLab would take the arrow keys otherwise; it looks at the focused element itself
    input.setAttribute("data-lm-suppress-shortcuts", "true");
    input.value = values[control.name];
    input.addEventListener("input", () => {
      values[control.name] = control.kind === "choice" ? input.value : Number(input.value);
      ask();
    });
    field.append(name, input, shown);
    panel.append(field);
    return { control, input, name, shown };
  });

  const paint = () => {
    const scene = model.get("scene");
    const language = lang();
    draw(svg, scene, language);
    svg.setAttribute("aria-label", words(scene.title, language).join(" "));
    said.textContent = words(scene.said, language).join("\n");
    for (const { control, input, name, shown } of parts) {
      const title = words(control.label, language).join(" ");
      name.textContent = title;
      input.setAttribute("aria-label", title);
      if (control.kind === "choice") {
        [...input.options].forEach((option, i) => { option.textContent = words(control.options[i].label, language).join(" "); });
      } else {
        input.max = scene.most[control.name] ?? control.max;
        if (control.name in scene.most) input.value = values[control.name];
        const value = words(scene.shown[control.name], language).join(" ");
        shown.textContent = value;
        input.setAttribute("aria-valuetext", value);
      }
    }
    root.dataset.frame = String(scene.reply[1]);
    root.dataset.lang = language;
  };

  const arrived = () => {
    const scene = model.get("scene");
    kernel.answered();
    if (scene.reply[0] === view) {
      waitingSince = 0;
      // one control may have taken room from another, or given it back: that one stands where Python has put it
      if (!newer) for (const name of Object.keys(scene.most)) values[name] = Math.min(scene.values[name], scene.most[name]);
    } else { // another view of the same explorer moved
      Object.assign(values, scene.values);
      parts.forEach(({ control, input }) => { input.value = values[control.name]; });
    }
    paint();
    if (newer) ask();
  };

  model.on("change:scene", arrived);
  const language = new MutationObserver(paint);
  language.observe(document.body, { attributes: true, attributeFilter: ["data-crm-lang"] });
  paint();
  return () => {
    kernel.stop();
    language.disconnect();
    model.off("change:scene", arrived);
  };
}

export default { render };
