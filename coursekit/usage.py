"""How the command line explains itself, and what it says of a mistake, in the user's language.

Commands and options are declared with the key of their text instead of the text: only who prints it knows the language.
"""

import typer
from typer.core import TyperCommand, TyperGroup

from .messages import MESSAGES, KitError

HELP_OPTIONS = ["-h", "--help"]
# pydantic's names for what is wrong with a value, each with a message of ours (error_bad_<name>)
NOT_OF_THE_TYPE = ("int_parsing", "float_parsing")
OUT_OF_BOUNDS = {"greater_than_equal": "ge", "less_than_equal": "le"}


class TranslatedHelp:
    """Help in the user's language, laid out so that Chinese text without spaces is never cut to fit a table."""

    def format_help(self, ctx, formatter):
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write(f"{MESSAGES.say('cli_usage', between=' ')}: {ctx.command_path} {pieces}\n\n")
        formatter.write(f"{MESSAGES.say(self.help)}\n")
        if hasattr(self, "list_commands"):
            self._write_heading(formatter, "cli_commands")
            for name in self.list_commands(ctx):
                self._write_entry(formatter, name, MESSAGES.say(self.get_command(ctx, name).help))
        shown = [param for param in self.params if not getattr(param, "hidden", False)]
        arguments = [param for param in shown if param.param_type_name == "argument"]
        if arguments:
            self._write_heading(formatter, "cli_arguments")
        for argument in arguments:
            self._write_entry(formatter, argument.metavar, MESSAGES.say(argument.help))
        self._write_heading(formatter, "cli_options")
        for option in shown:
            if option.param_type_name == "option":
                self._write_entry(formatter, option_form(option), MESSAGES.say(option.help))
        self._write_entry(formatter, ", ".join(ctx.help_option_names), MESSAGES.say("cli_help"))

    @staticmethod
    def _write_heading(formatter, key: str) -> None:
        formatter.write(f"\n{MESSAGES.say(key, between=' ')}\n")

    @staticmethod
    def _write_entry(formatter, name: str, text: str) -> None:
        formatter.write(f"  {name}\n")
        for line in text.splitlines():
            formatter.write(f"      {line}\n")


class Verb(TranslatedHelp, TyperCommand):
    """One command: its help is the key of a message."""


class Verbs(TranslatedHelp, TyperGroup):
    """The command `crmkit` itself."""


def choices(parameter) -> tuple[str, ...]:
    """What the parameter may be, where its type lists it; empty where it does not."""
    return tuple(parameter.type_descriptor.choices or ())


def option_form(option) -> str:
    """How an option is written: its names, and what is to follow them."""
    names = ", ".join(option.opts)
    if option.is_flag:
        return names
    return f"{names} {'|'.join(choices(option)) or option.metavar or ''}"


def parameter_name(parameter) -> str:
    """What the user calls a parameter: an option by its longest name, an argument as help shows it."""
    if parameter is None:
        return ""
    if parameter.opts and parameter.opts[0].startswith("-"):
        return parameter.opts[-1]
    return parameter.metavar or parameter.name


def usage_error(error: typer.TyperException, verb: str) -> KitError:
    """A mistake on the command line, in the user's language."""
    parameter = getattr(error, "param", None)
    name = parameter_name(parameter)
    kind = type(error).__name__  # typer offers only the class BadParameter by an official name
    if kind == "NoSuchOption":
        return KitError("unknown_option", value=error.option_name, verb=verb, status=2)
    if kind == "MissingParameter":
        return KitError("missing_parameter", value=name, verb=verb, status=2)
    if isinstance(error, typer.BadParameter) and name:
        return bad_value(error, parameter, name, verb)
    return KitError("usage", detail=sentence(error.format_message()), verb=verb, status=2)


def bad_value(error: typer.BadParameter, parameter, name: str, verb: str) -> KitError:
    """A parameter whose value is not of its type, out of its bounds, or not among its choices."""
    found = error.__cause__.errors()[0] if hasattr(error.__cause__, "errors") else {}
    wrong = found.get("type", "")
    if wrong in NOT_OF_THE_TYPE:
        return KitError(f"bad_{wrong}", value=found["input"], name=name, verb=verb, status=2)
    if wrong in OUT_OF_BOUNDS:
        bound = found["ctx"][OUT_OF_BOUNDS[wrong]]
        return KitError(f"bad_{wrong}", value=found["input"], name=name, allowed=bound, verb=verb, status=2)
    if choices(parameter) and found:
        allowed = ", ".join(choices(parameter))
        return KitError(
            "bad_value_error", value=found["input"], name=name, allowed=allowed, verb=verb, status=2
        )
    return KitError("bad_parameter", name=name, detail=sentence(error.message), verb=verb, status=2)


def sentence(text: str) -> str:
    return text.rstrip(".") + "."
