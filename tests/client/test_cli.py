"""The command line's literals are what their owners say: typer reads them where importing the owner would be slow."""

from typing import get_args

from coursekit import cli
from crmkit.core.language import LANGUAGES
from crmkit.market.game import rules


def test_the_choices_of_the_command_line_are_those_of_their_owners():
    assert get_args(cli.Language) == LANGUAGES
    level, _ = get_args(cli.Level)
    assert get_args(level) == tuple(rules.LEVELS)
    _, quarters = get_args(cli.Quarters)
    assert quarters.max == rules.LONGEST
