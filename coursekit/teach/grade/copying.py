"""Who may have copied from whom: evidence of several kinds, weighed; hints for a person, never a mark.

A wrong number that is right for somebody else means little by itself: in a class of 300 dozens meet by chance, for
shares of a few thousand customers have few values. It means more where it was typed in, where it has all its digits,
where a second run shows that it does not follow the data, and where other evidence points at the same two students.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from coursekit.lessons.exercise import compare
from coursekit.teach.handed_in.notebook import statements
from crmkit.answers.forms import words_of

from .marking import OWN_SEED_ONLY, QuestionMark
from .numbers import ALL_DIGITS, MANY_DIGITS, anybody_may_type, digits_of, is_number, rounded

FEWEST_DIGITS = 4  # significant digits of a number that says anything at all
FEWEST_WORDS = 20  # of a text that two people do not write alike
RUN = 3  # words; each word that was changed takes as many runs along
NEARLY_ALL = (
    0.75  # of the longer text's runs that are the other's as well: two words in 28 were changed at most
)
SMALLEST_CELL = (
    60  # parts of a cell's syntax: shorter ones are written alike by everybody who solves the question
)
ALL_PAIRS = 5  # students with one text of whom every pair is told
SHARED_BY = 2  # students: what more of them have is a common mistake or was handed out
TOLD, PROBABLE = 2, 3  # weight of the evidence on a pair from which it is told, and called probable
NOT_FOLLOWING = (
    "literal",
    "own_data_only",
    "not_run",
    OWN_SEED_ONLY,
)  # what a second run says of an answer that was not computed
# what speaks for both directions alike: it does not tell who was first
BOTH_WAYS = ("same_wrong_number", "same_text", "similar_text", "same_code")
OF_NUMBERS = ("right_for_another", "same_wrong_number")  # not what was typed in: that follows from nothing


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for copying: its kind (a message ``copied_<kind>``), on what, and how much it weighs."""

    kind: str
    question: str
    weight: int
    detail: str = ""


@dataclass
class Copy:
    """A student whose answers look like another's, and why."""

    student_id: str
    key_of: str
    evidence: list[Evidence] = field(default_factory=list)

    @property
    def questions(self) -> list[str]:
        return list(dict.fromkeys(one.question for one in self.evidence if one.question))

    @property
    def weight(self) -> int:
        return sum(one.weight for one in self.evidence)

    @property
    def probable(self) -> bool:
        return self.weight >= PROBABLE

    @property
    def both_ways(self) -> bool:
        """Whether nothing tells which of the two was first."""
        return all(one.kind in BOTH_WAYS for one in self.evidence)

    @property
    def looked_at(self) -> list[str]:
        """Whom a person should look at: both, where nothing tells who was first."""
        return [self.student_id, self.key_of] if self.both_ways else [self.student_id]


Pairs = dict[tuple[str, str], list[Evidence]]
Run = tuple[str, ...]


def copying(
    marks: Mapping[str, list[QuestionMark]],
    questions: Mapping[str, dict],
    codes: Mapping[str, Sequence[str]] = {},
    seeds: Mapping[str, int] = {},
    everybodys: Mapping[str, Collection[str]] = {},
) -> list[Copy]:
    """The pairs on whom the evidence weighs enough to be looked at by a person.

    ``codes``: what each student's code cells hold; ``seeds``: whose data are made from which number; ``everybodys``:
    student → the questions that are answered with what anybody can have from the copy that all were given.
    """
    typed = {student: _numbers_in(cells) for student, cells in codes.items()}
    pairs: Pairs = defaultdict(list)
    for name, question in questions.items():
        rows = {s: one for s, row in marks.items() for one in row if one.question == name}
        own = {s: one for s, one in rows.items() if name not in everybodys.get(s, ())}
        if question["kind"] == "number":
            _right_for_another(question, rows, own, typed, pairs)
            _same_wrong_number(question, own, pairs)
        elif question["kind"] == "text":
            _same_text(question, rows, pairs)
            _similar_text(question, rows, pairs)
    _anothers_seed(typed, seeds, pairs)
    _same_code(codes, pairs)
    found = []
    for (student, other), evidence in _joined(pairs).items():
        found.append(Copy(student, other, _each_fact_once(evidence, questions)))
    return [copy for copy in found if copy.weight >= TOLD]


def _joined(pairs: Pairs) -> Pairs:
    """What speaks for both directions goes with the one for which something else speaks; else with the first."""
    joined: Pairs = {}
    for (one, other), evidence in pairs.items():
        if (one, other) not in joined and (other, one) in joined:
            joined[other, one] += evidence
        else:
            joined.setdefault((one, other), []).extend(evidence)
    return joined


def _each_fact_once(evidence: list[Evidence], questions: Mapping[str, dict]) -> list[Evidence]:
    """Without the numbers that follow from another which speaks against the same two already, and weighs no less."""
    weights: dict[str, int] = defaultdict(int)
    for one in evidence:
        if one.kind in OF_NUMBERS:
            weights[one.question] += one.weight
    followed = set()
    for name in weights:
        if any(weights.get(other, 0) >= weights[name] for other in _rests_on(name, questions)):
            followed.add(name)
    return [one for one in evidence if one.kind not in OF_NUMBERS or one.question not in followed]


def _rests_on(name: str, questions: Mapping[str, dict]) -> set[str]:
    """The questions on which one depends, itself or through others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in questions.get(waiting.pop(), {}).get("depends_on", []):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found - {name}


# --- numbers ----------------------------------------------------------------------------------------------------------


def _right_for_another(question: dict, rows: dict, own: dict, typed: dict, pairs: Pairs) -> None:
    """A wrong number of one's ``own`` that is the right one of exactly one other student."""
    whose: dict[str, list[str]] = defaultdict(list)
    exact_ones: dict[str, int] = defaultdict(int)
    for student, one in rows.items():
        if is_number(one.right) and digits_of(one.right) >= FEWEST_DIGITS:
            whose[rounded(one.right, FEWEST_DIGITS)].append(student)
            exact_ones[rounded(one.right, ALL_DIGITS)] += 1
    few_values = any(count > 1 for count in exact_ones.values())  # then all digits are no more than some
    for student, one in own.items():
        if one.score != 0 or not is_number(one.value) or _computed(one):
            continue
        others = whose.get(rounded(one.value, FEWEST_DIGITS), [])
        if len(others) != 1 or others[0] == student:
            continue
        theirs = rows[others[0]].right
        if compare(question, one.value, theirs).score != 1:
            continue
        exact = (
            not few_values
            and digits_of(one.value) >= MANY_DIGITS
            and rounded(one.value, ALL_DIGITS) == rounded(theirs, ALL_DIGITS)
        )
        was_typed = one.second in NOT_FOLLOWING or _stands_in(one.value, typed.get(student, ()))
        weight = int(exact) + int(was_typed)
        if weight:
            kind = "typed_right_for_another" if was_typed else "right_for_another"
            pairs[student, others[0]].append(Evidence(kind, question["id"], weight, f"{one.value:.12g}"))


def _computed(one: QuestionMark) -> bool:
    """Whether a second run has shown that the answer follows the data: then it was not taken from somebody else."""
    return one.second is not None and one.second not in NOT_FOLLOWING


def _same_wrong_number(question: dict, rows: dict, pairs: Pairs) -> None:
    """The same wrong number of two students, of many digits and nobody else's."""
    whose: dict[str, list[str]] = defaultdict(list)
    for student, one in rows.items():
        wrong = one.score == 0 and is_number(one.value) and not _computed(one)
        if wrong and digits_of(one.value) >= FEWEST_DIGITS + 1 and not anybody_may_type(one.value):
            whose[rounded(one.value, ALL_DIGITS)].append(student)
    _told_of_both(whose, "same_wrong_number", question["id"], 1, pairs)


def _numbers_in(cells: Sequence[str]) -> set[float]:
    """The numbers that stand in code, without their signs."""
    found = set()
    for source in cells:
        for statement in statements(source) or ():
            for node in ast.walk(statement):
                if isinstance(node, ast.Constant) and is_number(node.value):
                    found.add(abs(node.value))
    return found


def _stands_in(value: float, typed: set[float]) -> bool:
    """Whether a number stands in the code, with as many digits as somebody cared to type."""
    for number in typed:
        digits = digits_of(number) if number < 1e300 else 0
        if digits >= FEWEST_DIGITS and rounded(abs(value), digits) == rounded(number, digits):
            return True
    return False


# --- texts and code ---------------------------------------------------------------------------------------------------


def _same_text(question: dict, rows: dict, pairs: Pairs) -> None:
    """The same text of two students, but for blanks; long enough, and not the sample that was handed out."""
    for text, students in _texts(question, rows).items():
        together = combinations(students, 2)
        if len(students) > ALL_PAIRS:  # all are told of, each beside the first
            together = ((students[0], other) for other in students[1:])
        for pair in together:
            pairs[pair].append(Evidence("same_text", question["id"], TOLD, text[:80]))


def _similar_text(question: dict, rows: dict, pairs: Pairs) -> None:
    """Texts of which all but few words are the same; not where many wrote so, or the sample reads so:
    a common pattern.
    """
    whose = _texts(question, rows)
    samples = [_runs(text) for text in question.get("sample", {}).values()]
    runs = {}
    for text in whose:
        said = _runs(text)
        if not any(_is_near(len(said & sample), said, sample) for sample in samples):
            runs[text] = said
    near = _near(runs)
    how_often = Counter(text for pair in near for text in pair)
    for one, other in near:
        if max(how_often[one], how_often[other]) < ALL_PAIRS:
            pair = (whose[one][0], whose[other][0])
            pairs[pair].append(Evidence("similar_text", question["id"], TOLD, other[:80]))


def _texts(question: dict, rows: dict) -> dict[str, list[str]]:
    """Text → the students who wrote it; without short ones, and the sample that was handed out."""
    samples = {" ".join(text.split()) for text in question.get("sample", {}).values()}
    whose: dict[str, list[str]] = defaultdict(list)
    for student, one in rows.items():
        text = " ".join(str(one.value or "").split())
        if text not in samples and len(words_of(text)) >= FEWEST_WORDS:
            whose[text].append(student)
    return whose


def _near(runs: Mapping[str, set[Run]]) -> list[tuple[str, str]]:
    """The pairs of texts that are nearly the same, in the order of the texts."""
    holding: dict[Run, list[str]] = defaultdict(list)
    for text, said in runs.items():
        for run in said:
            holding[run].append(text)
    common: Counter[tuple[str, str]] = Counter()
    for texts in holding.values():
        common.update(combinations(texts, 2))
    place = {text: at for at, text in enumerate(runs)}
    near = [pair for pair, count in common.items() if _is_near(count, runs[pair[0]], runs[pair[1]])]
    return sorted(near, key=lambda pair: (place[pair[0]], place[pair[1]]))


def _runs(text: str) -> set[Run]:
    said = words_of(text.lower())
    return {tuple(said[at : at + RUN]) for at in range(len(said) - RUN + 1)}


def _is_near(common: int, one: set[Run], other: set[Run]) -> bool:
    return common >= NEARLY_ALL * max(len(one), len(other))


def _anothers_seed(typed: dict, seeds: Mapping[str, int], pairs: Pairs) -> None:
    """The number from which another's data are made, in somebody's code: nobody hits upon it."""
    whose = {seed: student for student, seed in seeds.items()}
    for student, numbers in typed.items():
        for number in numbers & whose.keys():
            if whose[number] != student:
                pairs[student, whose[number]].append(Evidence("anothers_seed", "", PROBABLE, str(number)))


def _same_code(codes: Mapping[str, Sequence[str]], pairs: Pairs) -> None:
    """Long cells that only two students have: by itself no more than a hint that two have sat together."""
    whose: dict[str, list[str]] = defaultdict(list)
    for student, cells in codes.items():
        for shape in {shape for source in cells if (shape := _shape(source))}:
            whose[shape].append(student)
    told = set()
    for students in whose.values():
        pair = tuple(students)
        if len(students) == SHARED_BY and pair not in told:
            told.add(pair)
            pairs[pair].append(Evidence("same_code", "", 1))


def _shape(source: str) -> str | None:
    """A cell's syntax without its comments, blanks and line breaks; None of a short one."""
    found = statements(source)
    if not found or sum(1 for one in found for _ in ast.walk(one)) < SMALLEST_CELL:
        return None
    try:
        return "\n".join(ast.dump(one) for one in found)
    except RecursionError:
        return None


def _told_of_both(whose: dict[str, list[str]], kind: str, question: str, weight: int, pairs: Pairs) -> None:
    for detail, students in whose.items():
        if len(students) == SHARED_BY:
            ((one, other),) = combinations(students, 2)
            pairs[one, other].append(Evidence(kind, question, weight, detail[:80]))
