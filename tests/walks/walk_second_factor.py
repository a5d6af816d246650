"""A person sets up a second factor, signs in with it, and takes it away again."""

from __future__ import annotations

import base64
import time

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Page, expect

from tests.walks.keyboard import press, write
from tests.walks.looking import look, visit
from tests.walks.world import PASSWORD, make_person

OWN = "/admin/second-factor/"


def shown_by_the_app(page: Page) -> str:
    """The code that an app shows which was given the secret on the page."""
    secret = page.locator(".ask-card code").inner_text().replace(" ", "")
    app = TOTP(base64.b32decode(secret), 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303
    return app.generate(int(time.time())).decode()


def test_a_second_factor_is_set_up_asked_for_and_taken_away(fresh: Page) -> None:
    page = fresh
    make_person(name := f"kim-{page.viewport_size['width']}")
    visit(page, "/admin/login/")
    expect(page.get_by_label("Username")).to_be_focused()
    look(page, "sign-in")
    _sign_in(page, name)
    codes = _set_up(page)

    _sign_out(page)
    _sign_in(page, name)
    field = page.get_by_label("Code")
    expect(field).to_be_focused()
    look(page, "second-factor-check")
    page.goto("/admin/rules/rule/")
    expect(field).to_be_visible()  # the password alone opens nothing

    write(page, field, "no such code")
    press(page, page.get_by_role("button", name="Go on"))
    expect(page.get_by_text("This code does not open.")).to_be_visible()
    look(page, "second-factor-wrong")
    write(page, field, codes[0])
    press(page, page.get_by_role("button", name="Go on"))
    page.wait_for_url("**/admin/rules/rule/")

    visit(page, OWN)
    expect(page.get_by_text("Unused recovery codes: 9.")).to_be_visible()
    look(page, "second-factor-on")
    write(page, field, codes[1])
    press(page, page.get_by_role("button", name="Switch off"))
    expect(page.get_by_text("your password alone opens from now on")).to_be_visible()
    look(page, "second-factor-off")


def _sign_in(page: Page, name: str) -> None:
    write(page, page.get_by_label("Username"), name)
    write(page, page.get_by_label("Password"), PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/admin/login/?" not in url and not url.endswith("/admin/login/"))


def _sign_out(page: Page) -> None:
    page.evaluate("() => document.getElementById('logout-form').submit()")
    page.wait_for_url("**/admin/logout/")
    look(page, "signed-out")
    press(page, page.get_by_role("link", name="Sign in again"))


def _set_up(page: Page) -> list[str]:
    """The recovery codes."""
    visit(page, OWN)
    look(page, "second-factor-start")
    press(page, page.get_by_role("button", name="Set up"))
    expect(page.get_by_alt_text("The secret for your app as a QR code")).to_be_visible()
    look(page, "second-factor-picture")
    write(page, page.get_by_label("Code"), shown_by_the_app(page))
    press(page, page.get_by_role("button", name="Switch on"))
    expect(page.get_by_text("Your second factor is on.")).to_be_visible()
    look(page, "recovery-codes")
    return page.locator(".factor-codes code").all_inner_texts()
