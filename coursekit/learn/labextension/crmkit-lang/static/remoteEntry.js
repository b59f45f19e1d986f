/* The language switch of bilingual notebooks: a prebuilt JupyterLab 4 extension, written by hand, without an npm build.
 *
 * JupyterLab loads this file as a "federated module": an object with init(shared scope) and get(module name), kept in
 * window._JUPYTERLAB under the package's name. What it needs of JupyterLab itself comes from the shared scope.
 *
 * How it works: each cell's tags are mirrored to data-tags on its node; the language shown stands on the page as
 * <body data-crm-lang="zh|en|both"> (explorers read it too); one style sheet hides the rest. No kernel is involved,
 * save that code which is not shown is not run: else ▶▶ would overwrite what the reader sees with its twin's values.
 */
(() => {
  const LANGUAGES = [['zh', '中文'], ['en', 'English'], ['both', '双语']];
  const KEY = 'crmkit-lang'; // of localStorage
  const ASKED = 'crmkit-lang-asked'; // of localStorage: which `open --lang` was followed last
  const COMMAND = 'crmkit:show-language';
  const STYLE = `
    body[data-crm-lang="zh"] .jp-Notebook .jp-Cell[data-tags~="lang-en"],
    body[data-crm-lang="en"] .jp-Notebook .jp-Cell[data-tags~="lang-zh"],
    body[data-crm-lang="zh"] .jp-Notebook .jp-OutputArea-output [lang="en"],
    body[data-crm-lang="en"] .jp-Notebook .jp-OutputArea-output [lang="zh"],
    body[data-crm-lang="zh"] .jp-Notebook .jp-RenderedMarkdown [lang="en"],
    body[data-crm-lang="en"] .jp-Notebook .jp-RenderedMarkdown [lang="zh"] { display: none !important; }
    abbr.crm-term { text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; position: relative; }
    abbr.crm-term:focus { outline: 2px solid var(--jp-brand-color1); outline-offset: 1px; }
    .crm-definition { position: fixed; z-index: 10000; max-width: 26em; padding: 6px 10px; white-space: pre-line;
      font-size: var(--jp-ui-font-size1); line-height: 1.5; color: var(--jp-ui-font-color0); pointer-events: none;
      background: var(--jp-layout-color1); border: 1px solid var(--jp-border-color1); box-shadow: var(--jp-elevation-z4); }
    .crm-language { display: flex; align-items: center; margin: 0 6px; }
    .crm-language button { border: 1px solid var(--jp-border-color1); border-left-width: 0; background: transparent;
      color: var(--jp-ui-font-color1); font: inherit; font-size: var(--jp-ui-font-size1); line-height: 20px;
      padding: 0 8px; cursor: pointer; white-space: nowrap; }
    .crm-language button:first-child { border-left-width: 1px; border-radius: 3px 0 0 3px; }
    .crm-language button:last-child { border-radius: 0 3px 3px 0; }
    .crm-language button:focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: 1px; }
    .crm-language button[aria-pressed="true"] { background: var(--jp-brand-color1); border-color: var(--jp-brand-color1);
      color: var(--jp-ui-inverse-font-color1); font-weight: 600; }`;

  let scope; // JupyterLab's shared modules: {name: {version: {get}}}

  async function shared(name) {
    const versions = scope[name];
    const factory = await Object.values(versions)[0].get();
    return factory();
  }

  // --- which language is shown --------------------------------------------------------------------------------------

  function stored() {
    try {
      const lang = window.localStorage.getItem(KEY);
      return LANGUAGES.some(([value]) => value === lang) ? lang : null;
    } catch { return null; } // storage may be switched off: the choice then lasts as long as the page
  }

  // What `open --lang` asked for comes first once, and later whatever was chosen on the page
  function preset(option) {
    const lang = option('crmkitLang');
    if (!LANGUAGES.some(([value]) => value === lang)) return null;
    try {
      if (window.localStorage.getItem(ASKED) === option('crmkitAsked')) return stored() ?? lang;
      window.localStorage.setItem(ASKED, option('crmkitAsked'));
      window.localStorage.setItem(KEY, lang);
    } catch { /* see stored() */ }
    return lang;
  }

  const current = () => document.body.dataset.crmLang;
  const tagsOf = cell => cell.model.getMetadata('tags') ?? [];
  const inOtherLanguage = cell =>
    current() !== 'both' && tagsOf(cell).includes(current() === 'zh' ? 'lang-en' : 'lang-zh');

  // crmkitLang: crmkit draws a picture, which cannot hold both languages for the switch to choose from, in the one shown.
  // Every way to run a cell ends here; without a reply the run goes on with the next cell
  function runOnlyWhatIsShown(CodeCell) {
    const execute = CodeCell.execute;
    CodeCell.execute = async (cell, session, how) => {
      if (!inOtherLanguage(cell)) return execute(cell, session, { ...how, crmkitLang: current() });
      cell.model.sharedModel.transact(() => cell.model.clearExecution(), false); // nor is it marked as waiting
    };
  }

  function makeSwitch(Widget, choose) {
    const node = document.createElement('div');
    node.className = 'crm-language';
    node.setAttribute('role', 'group');
    node.setAttribute('aria-label', '语言 Language');
    for (const [value, text] of LANGUAGES) {
      const button = document.createElement('button');
      button.type = 'button';
      button.value = value;
      button.textContent = text;
      button.title = `${text} (Ctrl/⌘ Alt L)`;
      button.onclick = () => choose(value);
      node.appendChild(button);
    }
    return new Widget({ node });
  }

  // --- one notebook -------------------------------------------------------------------------------------------------

  class Switched {
    constructor(panel, widget, tocs) {
      Object.assign(this, { panel, notebook: panel.content, widget, tocs, place: 0, queued: false });
      widget.hide(); // until the notebook turns out to be bilingual
      const { toolbar } = panel;
      if (!toolbar.insertBefore('spacer', 'crmkit-lang', widget)) toolbar.insertItem(10, 'crmkit-lang', widget);
      this.notebook.modelChanged.connect(() => this.watch());
      this.notebook.activeCellChanged.connect(() => this.skipHidden());
      this.watch();
    }

    watch() {
      const { model } = this.notebook;
      if (!model) return;
      model.cells.changed.connect(() => this.later());
      this.later();
    }

    later() { // cell widgets may arrive after the model's signal: look once, when the browser next draws
      if (this.queued) return;
      this.queued = true;
      requestAnimationFrame(() => {
        this.queued = false;
        if (!this.notebook.isDisposed) this.mirror();
      });
    }

    mirror() {
      let bilingual = false;
      for (const cell of this.notebook.widgets) {
        if (!cell.crmWatched) {
          cell.crmWatched = true;
          cell.model.metadataChanged.connect((_, change) => { if (change.key === 'tags') this.later(); });
          const headings = cell.getHeadings.bind(cell); // the table of contents lists what is on the page
          cell.getHeadings = async () => (inOtherLanguage(cell) ? [] : headings());
        }
        const tags = tagsOf(cell);
        if (tags.length) cell.node.dataset.tags = tags.join(' ');
        else delete cell.node.dataset.tags;
        // screen readers change their voice, and Chinese keeps its own punctuation marks under an English interface
        cell.node.lang = tags.includes('lang-zh') ? 'zh-CN' : tags.includes('lang-en') ? 'en' : '';
        this.describe(cell);
        bilingual ||= tags.includes('lang-zh') || tags.includes('lang-en');
      }
      this.widget.setHidden(!bilingual);
      this.refresh();
    }

    describe(cell) { // JupyterLab shows pictures without the text that stands in their place: it is in the metadata
      const outputs = cell.model.outputs;
      if (!outputs) return;
      if (!cell.crmDescribed) {
        cell.crmDescribed = true;
        outputs.changed.connect(() => this.later());
      }
      for (let i = 0; i < outputs.length; i++) {
        const alt = outputs.get(i).metadata['image/png']?.alt ?? outputs.get(i).metadata['image/svg+xml']?.alt;
        const picture = alt && cell.outputArea.widgets[i]?.node.querySelector('.jp-RenderedImage img');
        if (picture) picture.alt = alt;
      }
    }

    refresh() {
      for (const button of this.widget.node.children) {
        button.setAttribute('aria-pressed', String(button.value === current()));
      }
      this.skipHidden();
      this.tocs?.get(this.panel)?.refresh();
    }

    skipHidden() { // the active cell is never one that is hidden: go on in the direction of travel, else turn round
      const { notebook } = this;
      const cells = notebook.widgets;
      const at = notebook.activeCellIndex;
      const step = at >= this.place ? 1 : -1;
      this.place = at;
      if (!cells[at] || !inOtherLanguage(cells[at])) return;
      for (const direction of [step, -step]) {
        let next = at + direction; // JupyterLab's own arrow keys pass over folded cells: so does this
        while (cells[next] && (inOtherLanguage(cells[next]) || cells[next].inputHidden)) next += direction;
        if (cells[next]) {
          notebook.activeCellIndex = next;
          return;
        }
      }
    }
  }

  // --- the plugin ---------------------------------------------------------------------------------------------------

  async function plugin() {
    const [{ Widget }, { INotebookTracker }, { ITranslator }, { ICommandPalette }, { ITableOfContentsTracker }, { PageConfig },
      { CodeCell }] =
      await Promise.all(['@lumino/widgets', '@jupyterlab/notebook', '@jupyterlab/translation', '@jupyterlab/apputils',
        '@jupyterlab/toc', '@jupyterlab/coreutils', '@jupyterlab/cells'].map(shared));

    function activate(app, tracker, translator, palette, tocs) {
      const style = document.createElement('style');
      style.textContent = STYLE;
      document.head.appendChild(style);

      runOnlyWhatIsShown(CodeCell);
      const open = new Set();
      const show = lang => {
        document.body.dataset.crmLang = lang;
        open.forEach(switched => switched.refresh());
      };
      const choose = lang => {
        try { window.localStorage.setItem(KEY, lang); } catch { /* see stored() */ }
        show(lang);
      };
      // the translator comes only after it knows the language of the interface, so the first value is right
      show(preset(name => PageConfig.getOption(name)) ?? stored() ?? (translator.languageCode?.toLowerCase().startsWith('zh') ? 'zh' : 'en'));
      window.addEventListener('storage', event => { // another tab chose
        if (event.key === KEY && stored()) show(stored());
      });

      // a term's definition stands in its title, which only a mouse sees: keyboard and finger reach it by focus
      const reach = () => {
        for (const term of document.querySelectorAll('.jp-RenderedMarkdown abbr.crm-term[title]')) {
          term.dataset.definition = term.title;
          term.setAttribute('aria-description', term.title);
          term.removeAttribute('title'); // else the browser would show it a second time
          term.tabIndex = 0;
        }
      };
      const bubble = document.createElement('div'); // of the page: a cell would cut it off at its own edge
      bubble.className = 'crm-definition';
      bubble.setAttribute('role', 'tooltip');
      bubble.hidden = true;
      document.body.appendChild(bubble);
      let told = null; // the term whose definition is shown
      let held = false; // by a tap, after which JupyterLab moves the focus to the cell: it stays until the next one
      const place = () => {
        const at = told.getBoundingClientRect();
        const below = at.bottom + 4 + bubble.offsetHeight <= window.innerHeight;
        bubble.style.left = `${Math.max(4, Math.min(at.left, window.innerWidth - bubble.offsetWidth - 4))}px`;
        bubble.style.top = `${below ? at.bottom + 4 : at.top - 4 - bubble.offsetHeight}px`;
      };
      const termAt = event => event.target.closest?.('abbr.crm-term[data-definition]');
      const tell = event => {
        const term = termAt(event);
        if (!term) return;
        told = term;
        held = event.type === 'click';
        bubble.textContent = told.dataset.definition;
        bubble.hidden = false;
        place();
      };
      const hush = () => { bubble.hidden = true; held = false; };
      for (const kind of ['mouseover', 'focusin', 'click']) document.addEventListener(kind, tell, true);
      for (const kind of ['mouseout', 'focusout']) {
        document.addEventListener(kind, event => { if (!held && termAt(event)) hush(); }, true);
      }
      document.addEventListener('pointerdown', hush, true);
      document.addEventListener('keydown', event => { if (event.key === 'Escape') hush(); }, true);
      document.addEventListener('scroll', () => { if (!bubble.hidden) place(); }, true);

      let looking = false;
      new MutationObserver(() => {
        if (looking) return;
        looking = true;
        requestAnimationFrame(() => { looking = false; reach(); });
      }).observe(document.body, { childList: true, subtree: true });

      const attach = panel => {
        const switched = new Switched(panel, makeSwitch(Widget, choose), tocs);
        open.add(switched);
        panel.disposed.connect(() => open.delete(switched));
      };
      const whenReady = (_, panel) => panel.revealed.then(() => { if (!panel.isDisposed) attach(panel); });
      tracker.forEach(panel => whenReady(tracker, panel));
      tracker.widgetAdded.connect(whenReady);

      app.commands.addCommand(COMMAND, {
        label: args => {
          const named = LANGUAGES.find(([value]) => value === args.lang);
          return `语言 Language: ${named ? named[1] : '中文 → English → 双语'}`;
        },
        execute: args => {
          const order = LANGUAGES.map(([value]) => value);
          choose(order.includes(args.lang) ? args.lang : order[(order.indexOf(current()) + 1) % order.length]);
        }
      });
      app.commands.addKeyBinding({ command: COMMAND, args: {}, keys: ['Accel Alt L'], selector: 'body' });
      if (palette) {
        const category = '课程 Course';
        palette.addItem({ command: COMMAND, args: {}, category });
        for (const [lang] of LANGUAGES) palette.addItem({ command: COMMAND, args: { lang }, category });
      }
    }

    return {
      id: 'crmkit-lang:plugin',
      description: 'Shows one language of a bilingual notebook, or both.',
      autoStart: true,
      requires: [INotebookTracker, ITranslator],
      optional: [ICommandPalette, ITableOfContentsTracker],
      activate
    };
  }

  (window._JUPYTERLAB ??= {})['crmkit-lang'] = {
    init: sharedScope => { scope = sharedScope; },
    get: async name => {
      if (name !== './extension') throw new Error(`crmkit-lang has no module ${name}`);
      const theOnly = await plugin();
      return () => ({ __esModule: true, default: theOnly });
    }
  };
})();
