"""Sessions end by themselves, and others end with a changed password."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deliveries.tasks import keep_history
from tests.meshes.signing_in import PASSWORD, is_in, make_person, sign_in, told

pytestmark = pytest.mark.django_db
HOUR = 3_600


def test_a_person_who_does_nothing_is_signed_out(clock) -> None:
    make_person()
    browser, _ = sign_in()

    clock.shift(12 * HOUR)
    assert is_in(browser)
    clock.shift(12 * HOUR + 1)
    answer = browser.get("/admin/auth/user/?q=a")

    assert answer.url == "/admin/login/?next=/admin/auth/user/%3Fq%3Da"
    assert not is_in(browser)
    assert told(kind="session_ended") == [("session_ended", "kim")]


def test_nobody_stays_for_longer_than_a_week(clock) -> None:
    make_person()
    browser, _ = sign_in()

    for _ in range(16):
        clock.shift(10 * HOUR)
        assert is_in(browser)
    clock.shift(9 * HOUR)

    assert not is_in(browser)


def test_a_page_that_keeps_itself_fresh_keeps_nobody_signed_in(clock) -> None:
    make_person()
    browser, _ = sign_in()
    for _ in range(12):
        clock.shift(HOUR)
        browser.get("/admin/", headers={"Sec-Fetch-Mode": "cors"})
    clock.shift(60)

    assert not is_in(browser)


def test_a_changed_password_ends_the_other_sessions_and_is_audited() -> None:
    kim = make_person()
    browser, _ = sign_in()
    other, _ = sign_in()
    new = "another-good-password-9"
    given = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}

    browser.post(reverse("admin:password_change"), given)

    assert is_in(browser)
    assert not is_in(other)
    assert told(kind="password", row_id=str(kim.pk)) == [("password", "kim")]


def test_a_password_that_somebody_else_sets_names_them(staff) -> None:
    kim = make_person()
    browser, _ = sign_in()
    new = {"password1": "another-good-password-9", "password2": "another-good-password-9"}

    staff.post(reverse("admin:auth_user_password_change", args=[kim.pk]), new)

    assert not is_in(browser)
    assert told(kind="password", row_id=str(kim.pk)) == [("password", "admin")]


def test_a_page_asks_the_database_nothing_for_it(staff) -> None:
    page = reverse("admin:auth_group_changelist")
    staff.get(page)

    with CaptureQueriesContext(connection) as queries:
        staff.get(page)

    asked = [query["sql"] for query in queries if "secondfactor" in query["sql"]]
    assert len(asked) == 1
    assert 'FROM "auth_user"' in asked[0]


def test_sessions_that_are_over_are_removed_by_the_way(clock) -> None:
    make_person()
    sign_in()

    clock.shift(169 * HOUR)
    keep_history()

    assert not Session.objects.exists()
