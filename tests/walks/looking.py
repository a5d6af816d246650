"""Looks at a page as a careful person does: light and dark, for what is wrong with it.

`look(page, "name")` keeps screenshots in var/walks/ and fails when the page scrolls
sideways, when the console tells of an error, when another host is asked, when the
content-security policy was broken, or when axe finds a serious or critical violation.
"""

from __future__ import annotations

import os
import re
import time
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import ConsoleMessage, Page, Request

from tests.faults.programs import ROOT
from tests.walks.stage import WEB

FOLDER = Path(os.environ.get("MESHES_WALKS_FOLDER") or ROOT / "var" / "walks")
NARROW = 600
QUIET_WITHIN_S = 10.0
# Rules of axe that one part of the theme breaks and that cannot be overridden, each with why.
KNOWN: dict[str, str] = {}
BROKEN_POLICY = """
window.brokenPolicy = [];
document.addEventListener("securitypolicyviolation", (event) => {
    window.brokenPolicy.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
CHOOSE_THEME = """async (name) => {
    if (window.Alpine) Alpine.$data(document.documentElement).switchTheme(name);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const ending = (one) => one.effect?.getComputedTiming().endTime < 5000;
    await Promise.allSettled(document.getAnimations().filter(ending).map((one) => one.finished));
}"""
RUN_AXE = """(rules) => axe.run(document, {
    resultTypes: ["violations"], elementRef: false, preload: false, runOnly: rules,
})"""
# The themes differ in colors alone.
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": ["color-contrast"],
}
_watches: WeakKeyDictionary[Page, Watch] = WeakKeyDictionary()


class Watch:
    """Remembers what went wrong on a page since it was opened."""

    def __init__(self, page: Page) -> None:
        self.wrong: list[str] = []
        self._open: set[Request] = set()
        page.add_init_script(BROKEN_POLICY)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", self._asked)
        for ended in ("requestfinished", "requestfailed"):
            page.on(ended, self._answered)
        self._page = page
        _watches[page] = self

    def wait(self) -> None:
        """Return when the page is loaded and waits for no answer."""
        self._page.wait_for_load_state("load")
        until = time.monotonic() + QUIET_WITHIN_S
        while self._open and time.monotonic() < until:
            self._page.wait_for_timeout(20)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text} ({message.location.get('url')})")

    def _answered(self, request: Request) -> None:
        self._open.discard(request)

    def _asked(self, request: Request) -> None:
        self._open.add(request)
        if not request.url.startswith((os.environ[WEB], "data:", "blob:")):
            self.wrong.append(f"another host: {request.url}")


def visit(page: Page, address: str) -> None:
    """Open the address, which has to be there."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == HTTPStatus.OK, f"{address}: {answer.status}"


def look(page: Page, name: str) -> None:
    """Fail with everything that is wrong with the page; screenshots are kept in any case."""
    wrong = wrong_with(page, name)
    assert not wrong, "\n".join(wrong)


def wrong_with(page: Page, name: str) -> list[str]:
    """Everything that is wrong with the page in either theme, each line with its address."""
    _watches[page].wait()
    page.evaluate("() => document.fonts.ready")
    wrong = [*_watches[page].wrong, *_broken_policy(page)]
    for theme, rules in RULES.items():
        page.evaluate(CHOOSE_THEME, theme)
        _keep(page, f"{name}-{_width(page)}-{theme}")
        wrong += [f"{theme}: {text}" for text in (*_sideways(page), *_axe(page, rules))]
    _watches[page].wrong.clear()
    return [f"{page.url}: {text}" for text in dict.fromkeys(wrong)]


def _width(page: Page) -> str:
    size = page.viewport_size
    return "narrow" if size and size["width"] < NARROW else "wide"


def _keep(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png"
    page.screenshot(path=path, full_page=True, animations="disabled")


def _broken_policy(page: Page) -> list[str]:
    return [f"policy: {text}" for text in page.evaluate("() => window.brokenPolicy || []")]


def _sideways(page: Page) -> list[str]:
    has, may = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    return [f"the page is {has} px wide in a window of {may} px"] if has > may else []


def _axe(page: Page, rules: list[str]) -> list[str]:
    page.evaluate(_axe_source())
    found = page.evaluate(RUN_AXE, rules)["violations"]
    serious = [row for row in found if row["impact"] in ("serious", "critical")]
    return [_told(row) for row in serious if row["id"] not in KNOWN]


def _told(row: dict[str, Any]) -> str:
    where = "; ".join(
        f"{node['target']} {node['html'][:160]} {_why(node)}" for node in row["nodes"][:4]
    )
    return f"{row['id']} ({row['impact']}, {len(row['nodes'])}): {row['help']}: {where}"


def _why(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return " ".join(check["message"] for check in checks)[:200]


@cache
def _axe_source() -> str:
    # As an expression of its own: the script ends with a value that cannot be handed over.
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text()
    return f"() => {{ if (!window.axe) {{ {source} }} }}"
