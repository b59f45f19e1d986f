
"use strict";
// Texts of students reach the page as data and are shown by textContent alone.
const held = JSON.parse(document.getElementById("held").textContent);
const at = (id) => document.getElementById(id);
const keyOf = (one) => `${one.question}\n${one.text}`;
const LANGUAGES = ["zh", "en", "both"];
const KEYS = { load: "Ctrl+O", save: "Ctrl+S", previous: "PgUp", next: "PgDn", open: "Ctrl+Enter" };
const kept = `crmkit-marking-${held.task}`;

const state = {
  lang: /^zh/i.test(navigator.language) ? "zh" : "en",
  here: 0,
  mine: new Map(), // key → {points: [number or null], comment}
  agreed: new Map(),
  files: [], // what two markers saved, while they are compared
  comparing: false,
  unsaved: false,
};

// ---- words

function said(texts, joint = " · ") {
  return state.lang === "both" ? `${texts.zh}${joint}${texts.en}` : texts[state.lang];
}
function word(name, fields = {}) {
  const texts = {};
  for (const lang of ["zh", "en"]) {
    texts[lang] = held.words[lang][name].replace(/<(\w+)>/g, (_, field) => fields[field]);
  }
  return said(texts);
}
function tell(name, fields) {
  at("said").textContent = name ? word(name, fields) : "";
}

// ---- what is marked

const demandsOf = (answer) => held.questions[answer.question].criteria;
const isWhole = (mark) => mark !== undefined && mark.points.every((p) => p !== null);
const sumOf = (points) => points.reduce((sum, p) => sum + (p ?? 0), 0);
const marks = () => (state.comparing ? state.agreed : state.mine);

function markOf(answer) {
  const known = marks().get(keyOf(answer));
  return known ?? { points: demandsOf(answer).map(() => null), comment: "" };
}
function answers() {
  return state.comparing ? held.answers.filter(differs) : held.answers;
}
function ofFile(file, answer) {
  return file.marks.find((mark) => keyOf(mark) === keyOf(answer) && mark.points.length > 0);
}
function differs(answer) {
  const given = state.files.map((file) => ofFile(file, answer)).filter(Boolean);
  return given.length > 1 && given.some((mark) => sumOf(mark.points) !== sumOf(given[0].points));
}

// ---- what is seen

function show() {
  const list = answers();
  document.documentElement.lang = state.lang === "en" ? "en" : "zh-CN";
  for (const [id, name] of Object.entries({
    title: "title", "marker-label": "marker", load: "load", save: "save", language: "language", previous: "previous",
    next: "next", open: "open_next", "sample-label": "sample", "comment-label": "comment", keys: "keys",
  })) {
    at(id).textContent = KEYS[id] ? `${word(name)}  ${KEYS[id]}` : word(name);
  }
  at("compare").textContent = word(state.comparing ? "mark" : "compare");
  const done = list.filter((answer) => isWhole(marks().get(keyOf(answer)))).length;
  at("bar").max = Math.max(list.length, 1);
  at("bar").value = done;
  at("progress").textContent = word("progress", { done, all: list.length });
  state.here = Math.min(Math.max(state.here, 0), Math.max(list.length - 1, 0));
  const answer = list[state.here];
  at("demands").replaceChildren();
  at("comment").disabled = !answer;
  if (!answer) {
    for (const id of ["question", "wording", "answer", "sum", "sample", "where"]) at(id).textContent = "";
    at("comment").value = "";
    tell("nothing_differs");
    return;
  }
  at("where").textContent = word("where", { here: state.here + 1, all: list.length });
  const question = held.questions[answer.question];
  at("question").textContent = answer.question;
  at("wording").textContent = said(question.wording, "\n");
  at("answer").textContent = answer.answer;
  at("sample").textContent = said(question.sample, "\n\n");
  const mark = markOf(answer);
  question.criteria.forEach((demand, place) => at("demands").append(row(answer, demand, place, mark)));
  at("comment").value = mark.comment;
  summed(answer);
}

function row(answer, demand, place, mark) {
  const line = document.createElement("label");
  line.className = "demand";
  const text = document.createElement("span");
  text.textContent = said(demand, "\n");
  const box = document.createElement("span");
  const input = document.createElement("input");
  Object.assign(input, { type: "number", min: "0", max: String(demand.most), step: "0.5" });
  input.value = mark.points[place] === null ? "" : String(mark.points[place]);
  input.addEventListener("input", () => take(answer));
  box.append(input, ` / ${demand.most}`);
  line.append(text, box);
  if (state.comparing) {
    const theirs = document.createElement("span");
    theirs.className = "theirs";
    theirs.textContent = state.files
      .map((file) => [file.marker, ofFile(file, answer)])
      .filter(([, given]) => given)
      .map(([marker, given]) => `${marker}: ${given.points[place]}${given.comment && place === 0 ? ` (${given.comment})` : ""}`)
      .join("    ");
    line.append(theirs);
  }
  return line;
}

const inputs = () => [...at("demands").querySelectorAll("input")];

function summed(answer) {
  const points = markOf(answer).points;
  const most = demandsOf(answer).reduce((sum, demand) => sum + demand.most, 0);
  at("sum").textContent = word("sum", { points: sumOf(points), most });
  inputs().forEach((input, place) => input.closest(".demand").classList.toggle("lacking", points[place] === null));
}

// ---- what the marker does

function take(answer) {
  const points = inputs().map((input, place) => {
    const given = input.value.trim() === "" ? null : Number(input.value);
    const allowed = given === null || (given >= 0 && given <= demandsOf(answer)[place].most);
    input.setCustomValidity(allowed && !input.validity.badInput ? "" : word("bad_points"));
    return input.validity.customError ? null : given;
  });
  tell(inputs().some((input) => input.validity.customError) ? "bad_points" : "");
  marks().set(keyOf(answer), { points, comment: at("comment").value });
  state.unsaved = true;
  remember();
  summed(answer);
  const list = answers();
  const done = list.filter((one) => isWhole(marks().get(keyOf(one)))).length;
  at("bar").value = done;
  at("progress").textContent = word("progress", { done, all: list.length });
}
function go(place) {
  state.here = place;
  tell("");
  show();
  inputs()[0]?.focus();
  inputs()[0]?.select();
}
function goToOpen() {
  const list = answers();
  for (let step = 1; step <= list.length; step += 1) {
    const place = (state.here + step) % list.length;
    if (!isWhole(marks().get(keyOf(list[place])))) return go(place);
  }
  return undefined;
}
function onward(input) {
  const all = inputs();
  const next = all[all.indexOf(input) + 1];
  if (next) {
    next.focus();
    next.select();
  } else if (state.here < answers().length - 1) {
    go(state.here + 1);
  } else {
    at("comment").focus();
  }
}

// ---- files

function written() {
  const found = [];
  for (const answer of held.answers) {
    const mark = marks().get(keyOf(answer));
    if (!mark) continue;
    const points = isWhole(mark) ? mark.points : [];
    if (points.length || mark.comment) found.push({ question: answer.question, text: answer.text, points, comment: mark.comment });
  }
  return {
    format: held.format,
    version: held.version,
    task: held.task,
    marker: at("marker").value.trim(),
    agreed: state.comparing,
    saved: new Date().toISOString(),
    marks: found,
  };
}
function save() {
  const file = written();
  if (!file.marker) {
    if (!state.comparing) {
      tell("no_marker");
      at("marker").focus();
      return;
    }
    file.marker = state.files.map((one) => one.marker).join("+").slice(0, 80);
  }
  const name = state.comparing ? "agreed" : file.marker.replace(/[^\p{L}\p{N}]+/gu, "_");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }));
  link.download = `marking_${name}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  state.unsaved = false;
  tell("saved", { name: link.download });
}
function isOurs(file) {
  const right = (mark) => typeof mark.question === "string" && typeof mark.text === "string"
    && typeof mark.comment === "string" && Array.isArray(mark.points) && mark.points.every(Number.isFinite);
  return file?.format === held.format && file.version === held.version && typeof file.marker === "string"
    && Array.isArray(file.marks) && file.marks.every(right);
}
async function load(chosen) {
  const files = [];
  for (const one of chosen) {
    let file;
    try {
      file = JSON.parse(await one.text());
    } catch {
      file = null;
    }
    if (!isOurs(file)) return tell("not_ours", { name: one.name });
    if (file.task !== held.task) return tell("other_task", { name: one.name });
    files.push(file);
  }
  const of = (agreed) => files.filter((file) => Boolean(file.agreed) === agreed);
  if (of(false).length > 1 || state.comparing) {
    state.files = of(false).length ? of(false) : state.files;
    fill(state.agreed, of(true));
    state.comparing = true;
  } else {
    fill(state.mine, of(false));
    fill(state.agreed, of(true));
    if (of(false)[0]) at("marker").value = of(false)[0].marker;
  }
  remember();
  return go(0);
}
function fill(into, files) {
  for (const file of files) {
    for (const mark of file.marks) {
      const answer = held.answers.find((one) => keyOf(one) === keyOf(mark));
      if (!answer) continue;
      const demands = demandsOf(answer);
      const whole = mark.points.length === demands.length;
      into.set(keyOf(mark), { points: whole ? mark.points : demands.map(() => null), comment: mark.comment });
    }
  }
}
function remember() {
  try {
    const plain = { mine: [...state.mine], agreed: [...state.agreed], marker: at("marker").value, lang: state.lang };
    localStorage.setItem(kept, JSON.stringify(plain));
  } catch {
    // a browser that keeps nothing: the file is what counts
  }
}
function recall() {
  try {
    const plain = JSON.parse(localStorage.getItem(kept));
    if (!plain) return;
    state.mine = new Map(plain.mine);
    state.agreed = new Map(plain.agreed);
    at("marker").value = plain.marker;
    if (LANGUAGES.includes(plain.lang)) state.lang = plain.lang;
  } catch {
    // as above
  }
}

// ---- hands on

at("load").addEventListener("click", () => at("files").click());
at("files").addEventListener("change", async () => {
  await load([...at("files").files]);
  at("files").value = "";
});
at("save").addEventListener("click", save);
at("language").addEventListener("click", () => {
  state.lang = LANGUAGES[(LANGUAGES.indexOf(state.lang) + 1) % LANGUAGES.length];
  remember();
  show();
});
at("compare").addEventListener("click", () => {
  if (!state.comparing && state.files.length < 2) {
    tell("two_files");
    return;
  }
  state.comparing = !state.comparing;
  go(0);
});
at("previous").addEventListener("click", () => go(state.here - 1));
at("next").addEventListener("click", () => go(state.here + 1));
at("open").addEventListener("click", goToOpen);
at("comment").addEventListener("input", () => take(answers()[state.here]));
at("marker").addEventListener("input", remember);
document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key === "s") save();
  else if (control && event.key === "o") at("files").click();
  else if (event.key === "PageDown") go(state.here + 1);
  else if (event.key === "PageUp") go(state.here - 1);
  else if (control && event.key === "Enter") goToOpen();
  else if (event.key === "Enter" && event.target.type === "number") onward(event.target);
  else return;
  event.preventDefault();
});
window.addEventListener("beforeunload", (event) => {
  if (state.unsaved) event.preventDefault();
});

recall();
go(0);
