"""What a lesson's notebooks are called: each by a name of its own, so that three open tabs can be told apart."""

from pathlib import PurePath

ENDINGS = {"notebooks": "", "exercises": "_exercise", "solutions": "_solution"}


def notebook_path(folder: str, slug: str) -> str:
    """Where a lesson's notebook lies below the root of the course.

    >>> notebook_path("exercises", "06_customer_pyramid")
    'exercises/06_customer_pyramid_exercise.ipynb'
    """
    return f"{folder}/{slug}{ENDINGS[folder]}.ipynb"


def lesson_of(notebook: str | PurePath) -> str:
    """The slug of the lesson that a notebook, given by name or path, belongs to.

    >>> lesson_of("solutions/06_customer_pyramid_solution.ipynb")
    '06_customer_pyramid'
    """
    stem = PurePath(notebook).name.removesuffix(".ipynb")
    for ending in ENDINGS.values():
        if ending and stem.endswith(ending):
            return stem.removesuffix(ending)
    return stem
