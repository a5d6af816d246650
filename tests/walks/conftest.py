"""What a walk may ask for: a signed-in page in each width, and a world to walk in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.walks.__main__ import CHROMIUM
from tests.walks.looking import Watch
from tests.walks.stage import WEB
from tests.walks.world import PASSWORD, World, make_person, make_world

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
).split()
WIDTHS = {"wide": (1440, 1000), "narrow": (390, 844)}


@pytest.fixture(scope="session", autouse=True)
def _rows(django_db_blocker: Any) -> Iterator[None]:
    """The database of the running programs may be read and written here."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the browser's client has a loop here
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=os.environ[CHROMIUM], args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def world() -> World:
    """The workspace that walks share when they change nothing in it."""
    return make_world("Northstar")


@pytest.fixture(scope="session")
def signed_in(browser: Browser) -> Any:
    """What a browser remembers after a superuser signed in by the form."""
    make_person("robin")
    return sign_in(browser, "robin")


def sign_in(browser: Browser, name: str) -> Any:
    """What a browser remembers after this person signed in by the form."""
    context = browser.new_context(base_url=os.environ[WEB])
    page = context.new_page()
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(params=list(WIDTHS))
def page(request: pytest.FixtureRequest, browser: Browser, signed_in: Any) -> Iterator[Page]:
    """A page of a superuser, in each width; `look` sees it light and dark."""
    with opened(browser, request.param, state=signed_in) as opened_page:
        yield opened_page


@pytest.fixture(params=list(WIDTHS))
def fresh(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page of somebody who has not signed in, in each width."""
    with opened(browser, request.param) as opened_page:
        yield opened_page


class opened:  # noqa: N801  reads as a verb in `with`
    """A page in this width while the block runs; nothing on it may go wrong unseen."""

    def __init__(self, browser: Browser, width: str, *, state: Any = None) -> None:
        wide, high = WIDTHS[width]
        self.context = browser.new_context(
            base_url=os.environ[WEB],
            viewport={"width": wide, "height": high},
            is_mobile=width == "narrow",
            has_touch=width == "narrow",
            reduced_motion="reduce",
            storage_state=state,
        )
        self.context.set_default_timeout(15_000)

    def __enter__(self) -> Page:
        page = self.context.new_page()
        Watch(page)
        return page

    def __exit__(self, *_: object) -> None:
        self.context.close()
