"""JupyterLab in a browser, as its tests use it."""

import os
from contextlib import contextmanager
from pathlib import Path

# the notebook on the page; other open tabs are hidden
HERE = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"
VISIBLE = "[...document.querySelectorAll('.jp-Notebook .jp-Cell')].filter(n => n.offsetParent !== null)"


@contextmanager
def fresh(browser, **options):
    """A page in a new browser profile, where nothing is remembered; scripts must not fail on it."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    page, errors = context.new_page(), []
    page.set_default_timeout(180_000)  # a CI machine may be busy with the grader at the same time
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def open_notebook(
    page, server: str, name: str, *, kernel: bool = False, switch: bool = True, app: bool = True
) -> None:
    """Open a notebook. Without ``kernel`` the request for one is never answered; ``switch``: it has the switch;
    ``app``: JupyterLab was started with ``expose_app_in_browser``.
    """
    if not kernel:
        page.route(
            "**/api/sessions*", lambda route: None if route.request.method == "POST" else route.continue_()
        )
    page.goto(f"{server}/lab/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell .jp-RenderedMarkdown :is(h1, h2)", state="attached")
    if switch:
        page.wait_for_selector(".crm-language", state="attached")
        page.wait_for_selector(".jp-Cell[data-tags]", state="attached")
    if switch and app:
        page.wait_for_function("jupyterapp.shell.currentWidget?.content?.widgets?.length > 3")


def press(page, lang: str) -> None:
    page.click(f".crm-language button[value={lang}]")


def shown(page) -> str:
    """The prose on the page."""
    prose = "n => n.querySelector('.jp-RenderedMarkdown')?.innerText ?? ''"
    return page.evaluate(f"{VISIBLE}.filter(n => n.matches('.jp-MarkdownCell')).map({prose}).join(' ')")


def picture(page, name: str, **options) -> None:
    """A screenshot, where the environment's CRMKIT_SCREENSHOTS names a folder."""
    if os.environ.get("CRMKIT_SCREENSHOTS"):
        page.screenshot(path=Path(os.environ["CRMKIT_SCREENSHOTS"]) / f"{name}.png", **options)
