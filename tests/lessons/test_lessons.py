"""The lessons as a reader gets them: each has its parts, runs in every language, and speaks only the one asked for."""

import json
import re
import statistics
from html.parser import HTMLParser

import nbformat
import pytest
from course import LESSONS
from full_marks import assert_full_marks
from kernels import WarmKernel
from load import code_lines
from places import ROOT

from coursekit.lessons.build import coverage
from coursekit.lessons.exercise import load_exercise
from coursekit.lessons.names import lesson_of
from coursekit.lessons.one_language import in_one_language
from coursekit.lessons.source import FRAMEWORKS
from crmkit.core.glossary import TERMS

pytestmark = pytest.mark.executed

NOTEBOOKS = sorted(
    p for folder in ("notebooks", "exercises", "solutions") for p in (ROOT / folder).glob("*.ipynb")
)
CJK = re.compile(r"[\u3400-\u9fff]")
# the workshop shows the sections of a report, figures and all; the others draw the picture beside an explorer
REPORT = "14_client_workshop"
SEED = {"zh": 3, "en": 16, "both": 29}  # language → the seed on which its solutions are run


def named(paths):
    return [pytest.param(p, id=f"{p.parent.name}/{p.stem}") for p in paths]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = WarmKernel(tmp_path_factory.mktemp("lessons"))
    yield kernel
    kernel.stop()


# --- what a lesson consists of --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_a_lesson_says_what_it_takes_and_what_it_gives_in_both_languages(lesson):
    prose = {lang: "\n".join(c.source for c in lesson.cells if c.lang == lang) for lang in ("zh", "en")}
    parts = {
        "able to": (
            r"\*\*学完(这一课，你|后，您)能够\*\*",
            r"\*\*(After this lesson|Afterwards) you will be able to\*\*",
        ),
        "time": (rf"\*\*时间\*\*[^\n]*{lesson.minutes} 分钟", rf"\*\*Time\*\*[^\n]*{lesson.minutes} minutes"),
        "recap": (r"^## 小结$", r"^## Recap$"),
        "terms": (r"\*\*(学到的(词|术语)|本课术语)\*\*", r"\*\*(Words|Terms) (learnt|of this lesson)\*\*"),
        "adapt": (
            r"^(## |\*\*)(用|换)[在到成]\S*(企业|客户)",
            r"^(## |\*\*)Adapt this for a (company|client)",
        ),
    }
    absent = [
        f"{part} ({lang})"
        for part, patterns in parts.items()
        for lang, pattern in zip(prose, patterns)
        if not re.search(pattern, prose[lang], re.M)
    ]
    assert not absent
    assert lesson.minutes > 0 and lesson.frameworks and set(lesson.frameworks) <= set(FRAMEWORKS)
    assert bool(lesson.prerequisites) == (lesson.slug != "00_start_here")


def test_the_course_so_far_teaches_data_segments_pyramid_pareto_and_pdca():
    taught = {FRAMEWORKS.entry(slug)["number"] for slug, lessons in coverage(LESSONS).items() if lessons}
    assert taught >= {6, 7, 8, 11, 12, 13, 14, 15, 30, 31, 32}


@pytest.mark.parametrize("path", named(NOTEBOOKS))
def test_cells_are_short_enough_to_be_read_one_by_one(path):
    long = {
        "parameters",
        "generate",
        "questions",
    }  # the knobs, the data of an exercise, the contract folded away
    lengths = [
        code_lines(c.source)
        for c in nbformat.read(path, 4).cells
        if c.cell_type == "code" and not long & set(c.metadata.get("tags", []))
    ]
    assert statistics.median(lengths) <= 5 and max(lengths) <= 12, lengths


@pytest.mark.parametrize(
    "lesson", [n for n in LESSONS if n.slug != "00_start_here"], ids=lambda lesson: lesson.slug
)
def test_a_lesson_has_an_explorer_with_a_figure_beside_it_and_an_exercise_of_mixed_kinds(lesson):
    code = [c for c in lesson.cells if c.kind == "code"]
    at = [i for i, c in enumerate(code) if "explorer" in c.tags]
    assert at
    if lesson.slug == REPORT:
        assert all('section("pyramid")' in code[i - 1].source for i in at)
    else:
        assert all("plots.plot_" in code[i + 1].source for i in at)
    assert len(lesson.questions) >= 5 and len({q["kind"] for q in lesson.questions}) >= 4


# --- every notebook, in every language ------------------------------------------------------------------------------


class Text(HTMLParser):
    """The words of a piece of HTML or SVG, code left out."""

    def __init__(self, html: str):
        super().__init__()
        self.words, self._hidden = [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self._hidden += tag in ("style", "code", "script")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("style", "code", "script")

    def handle_data(self, data):
        if not self._hidden and data.strip():
            self.words.append(data.strip())


def looks_up(cell) -> bool:
    """The glossary is a dictionary: a cell that opens it, or speaks of it, holds both languages."""
    return "glossary(" in cell.source


def said(notebook) -> list[str]:
    """What the outputs say in words; plain text is left out where HTML says the same better."""
    texts = []
    for output in (o for c in notebook.cells if c.cell_type == "code" and not looks_up(c) for o in c.outputs):
        data = output.get("data", {})
        if "text/html" in data:
            texts += Text(data["text/html"]).words
        if "image/svg+xml" in data:
            texts += Text(data["image/svg+xml"]).words
        texts += [data[mime] for mime in ("text/markdown", "text/latex") if mime in data]
        if not set(data) - {"text/plain"}:
            texts += [data.get("text/plain", "")]
        texts += [output.get("text", "")] if output.output_type == "stream" else []
    return [t for t in texts if t]


# English phrases of the catalogue; single words are also names of columns, which stay English
PHRASES = {
    en.lower()
    for entry in map(TERMS.entry, TERMS)
    for en in [entry["en"]]
    if re.fullmatch(r"[A-Za-z][a-z'-]+( [A-Za-z'-]+)+", en) and en.lower() != entry["zh"].lower()
}


# what is shown on hover is a dictionary, too: it holds both languages
DEFINITION = re.compile(r'(?<=<abbr class="crm-term") title="[^"]*"')


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("path", named(NOTEBOOKS))
def test_a_notebook_runs_in_each_language_speaks_it_and_a_solution_earns_full_marks(kernel, path, lang):
    made = in_one_language(nbformat.read(path, 4), lang)
    # an edition knows its own language; a solution is held to the grader on a seed a language
    solution = path.parent.name == "solutions"
    done = kernel.run(made, seed=SEED[lang]) if solution else kernel.run(made)
    problems = [
        o.text
        for c in done.cells
        if c.cell_type == "code"
        for o in c.outputs
        if o.output_type == "stream" and o.name == "stderr"
    ]
    assert problems == [], "warnings: missing glyphs, or anything else that a student would wonder about"
    drawing = [c for c in done.cells if c.cell_type == "code" and "plots.plot_" in c.source]
    pictures = {"image/png", "image/svg+xml"}
    assert not [c.source for c in drawing if not any(pictures & set(o.get("data", {})) for o in c.outputs)]
    assert kernel.labels or not drawing
    words = [*said(done), *kernel.labels]
    shown = [c.source for c in done.cells if c.cell_type == "markdown" and not looks_up(c)]
    prose = [DEFINITION.sub("", text) for text in shown]
    if lang == "en":
        buttons = re.compile("中文|双语")  # what stands on the switch, in every language
        assert not [t for t in words + prose if CJK.search(buttons.sub("", t))]
    elif lang == "zh":
        found = [(t, p) for t in words for p in PHRASES if re.search(rf"\b{p}\b", t.lower())]
        assert not found
        assert any(CJK.search(t) for t in words) and all(
            CJK.search(t) for t in prose if re.search("[a-z]{3}", t)
        )
    else:
        both = [t for t in words + prose if CJK.search(t)]
        assert both and any(re.search("[a-z]{3}", t) for t in words)
    if solution:
        exercise = load_exercise(ROOT / "lessons" / f"{lesson_of(path)}.md")
        sheet = json.loads(kernel.answers.read_text(encoding="utf-8"))
        assert_full_marks(exercise, sheet, SEED[lang], exercise.right_answers(SEED[lang]))
    if path.parent.name == "exercises":
        states = {
            a["state"] for a in json.loads(kernel.answers.read_text(encoding="utf-8"))["answers"].values()
        }
        assert states == {"missing"}, "nothing is answered yet, and every cell runs all the same"
