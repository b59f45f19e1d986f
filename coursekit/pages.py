"""Every page that the kit writes is a template of its room, filled in by Jinja2 with autoescape."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment(package: str) -> Environment:
    """The templates that lie in a package's folder and below it, as ``environment("coursekit.teach")``.

    Whatever is filled in is escaped: a name that looks like a tag is shown as it is written. A field that a template
    names and nobody gives is an error (jinja2.UndefinedError), never an empty place on a page.
    """
    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
