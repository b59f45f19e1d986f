"""What a solution notebook has recorded, held against the right answers that the grader works out."""

from coursekit.lessons.exercise import Exercise, compare
from crmkit.answers.sheet import FORMAT


def assert_full_marks(exercise: Exercise, sheet: dict, seed: int, right: dict) -> None:
    """A well-formed sheet of this exercise and seed, every answer recorded and right."""
    assert (sheet["format"], sheet["exercise"], sheet["seed"]) == (FORMAT, exercise.slug, seed)
    assert list(sheet["answers"]) == list(exercise.questions)
    assert {a["state"] for a in sheet["answers"].values()} == {"recorded"}, (seed, sheet)
    for name, question in exercise.questions.items():
        given = sheet["answers"][name]["value"]
        score = compare(question, given, right[name]).score
        assert score == (None if question["kind"] == "text" else 1), (seed, name, given, right[name])
