"""The second factor: set up, asked for, used once, taken away."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from meshes import second_factors
from meshes.models import RecoveryCode, SecondFactor
from tests.meshes.signing_in import (
    LOCKED,
    code_of,
    is_in,
    make_factor,
    make_person,
    sign_in,
    told,
)

pytestmark = pytest.mark.django_db
OWN = "/admin/second-factor/"
CHECK = "/admin/login/code/"


def test_a_person_sets_it_up_by_a_picture_and_a_code(clock) -> None:
    kim = make_person()
    browser, _ = sign_in()
    other, _ = sign_in()

    picture = browser.post(OWN, {"do": "start"}).content.decode()
    factor = SecondFactor.objects.get(user=kim)
    codes = browser.post(OWN, {"do": "confirm", "code": code_of(factor)}).content.decode()

    assert 'src="data:image/png;base64,' in picture
    assert len(re.findall(r"<code>[a-z2-7]{4}(?:-[a-z2-7]{4}){3}</code>", codes)) == 10
    assert is_in(browser)
    assert other.get("/admin/").url.startswith(CHECK)
    assert told(kind="second_factor") == [("second_factor", "kim")]


def test_a_wrong_code_does_not_switch_it_on() -> None:
    kim = make_person()
    browser, _ = sign_in()
    browser.post(OWN, {"do": "start"})

    answer = browser.post(OWN, {"do": "confirm", "code": "000000"})

    assert "This is not the code that your app shows now." in answer.content.decode()
    assert second_factors.confirmed(type(kim).objects.get()) is None
    assert not RecoveryCode.objects.exists()


def test_the_secret_is_sealed_and_recovery_codes_are_digests() -> None:
    factor, codes = make_factor(make_person())

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM meshes_secondfactor")
        sealed = cursor.fetchone()[0]
        cursor.execute("SELECT digest FROM meshes_recoverycode")
        digests = str(cursor.fetchall())
    assert factor.secret.open() not in sealed
    assert not any(code in digests or code.replace("-", "") in digests for code in codes)


def test_after_the_password_no_page_opens_before_the_code(clock) -> None:
    factor, _ = make_factor(make_person())
    clock.shift(60)
    browser, _ = sign_in()
    wanted = reverse("admin:auth_user_changelist")

    for page in (wanted, OWN, "/admin/guide/", reverse("admin:password_change")):
        assert browser.get(page).url.startswith(CHECK), page
    wrong = browser.post(CHECK, {"code": "000000"})
    right = browser.post(f"{CHECK}?back={wanted}", {"code": code_of(factor)})

    assert "This code does not open." in wrong.content.decode()
    assert right.url == wanted
    assert browser.get(wanted).status_code == 200
    assert told(by="kim")[-3:] == [
        ("sign_in", "kim"),
        ("sign_in_failed", "kim"),
        ("sign_in", "kim"),
    ]


def test_the_way_back_leads_to_our_own_pages_only(clock) -> None:
    factor, _ = make_factor(make_person())
    clock.shift(60)
    browser, _ = sign_in()

    answer = browser.post(f"{CHECK}?back=https://example.com/", {"code": code_of(factor)})

    assert answer.url == "/admin/"


def test_a_code_opens_once_and_only_around_its_time(clock) -> None:
    factor, _ = make_factor(make_person())
    now = timezone.now
    used = code_of(factor)

    assert not second_factors.passes(factor, used, now=now())
    assert second_factors.passes(factor, code_of(factor, later_s=30), now=now())
    assert not second_factors.passes(factor, code_of(factor, later_s=60), now=now())
    clock.shift(120)
    assert not second_factors.passes(factor, code_of(factor, later_s=-60), now=now())
    assert second_factors.passes(factor, f" {code_of(factor)} ", now=now())


@pytest.mark.parametrize(
    "code", ["", "12345", "１２３４５６", "é", "aaaa-aaaa-aaaa-aaaa", "\x00" * 6]
)
def test_what_is_no_code_opens_nothing(code) -> None:
    factor, _ = make_factor(make_person())

    assert not second_factors.passes(factor, code, now=timezone.now())


def test_a_recovery_code_opens_once() -> None:
    factor, codes = make_factor(make_person())
    browser, _ = sign_in()

    assert browser.post(CHECK, {"code": codes[0].upper()}).url == "/admin/"
    again, _ = sign_in()
    assert again.post(CHECK, {"code": codes[0]}).status_code == 200
    assert "Unused recovery codes: 9." in browser.get(OWN).content.decode()
    assert factor.recovery_codes.filter(used_at=None).count() == 9


def test_codes_of_another_person_open_nothing() -> None:
    factor, _ = make_factor(make_person())
    _, others = make_factor(make_person("sam"))

    assert not second_factors.passes(factor, others[0], now=timezone.now())


def test_guessing_codes_is_stopped(settings, clock) -> None:
    settings.SIGN_IN = settings.SIGN_IN._replace(tries=3)
    factor, _ = make_factor(make_person())
    clock.shift(60)
    browser, _ = sign_in()
    for _ in range(3):
        browser.post(CHECK, {"code": "000000"})

    answer = browser.post(CHECK, {"code": code_of(factor)})

    assert LOCKED in answer.content.decode()
    assert not is_in(browser)
    assert told(kind="sign_in_locked") == [("sign_in_locked", "kim")]


def test_new_recovery_codes_and_switching_off_ask_for_a_code(clock) -> None:
    factor, old = make_factor(make_person())
    browser, _ = sign_in()
    browser.post(CHECK, {"code": old[0]})

    browser.post(OWN, {"do": "codes", "code": "000000"})
    browser.post(OWN, {"do": "off", "code": "000000"})
    assert factor.recovery_codes.filter(used_at=None).count() == 9

    browser.post(OWN, {"do": "codes", "code": old[1]})
    assert factor.recovery_codes.filter(used_at=None).count() == 10
    assert not second_factors.passes(factor, old[2], now=timezone.now())
    clock.shift(60)
    browser.post(OWN, {"do": "off", "code": code_of(factor)})
    assert not SecondFactor.objects.exists()
    assert is_in(sign_in()[0])
    assert told(kind="second_factor") == [("second_factor", "kim")] * 2


def test_a_factor_that_counts_is_not_replaced_by_setting_up_another() -> None:
    factor, codes = make_factor(make_person())
    browser, _ = sign_in()
    browser.post(CHECK, {"code": codes[0]})

    browser.post(OWN, {"do": "start"})
    browser.post(OWN, {"do": "confirm", "code": code_of(factor, later_s=30)})

    assert SecondFactor.objects.get().secret == factor.secret
    assert SecondFactor.objects.get().confirmed_at == factor.confirmed_at


def test_where_it_is_required_only_setting_it_up_is_open(settings) -> None:
    settings.SIGN_IN = settings.SIGN_IN._replace(second_factor_required=True)
    make_person()
    browser, _ = sign_in()

    assert browser.get(reverse("admin:auth_user_changelist")).url.startswith(OWN)
    assert "This server asks everybody of the staff" in browser.get(OWN).content.decode()
    assert browser.get(reverse("admin:password_change")).status_code == 200

    browser.post(OWN, {"do": "start"})
    browser.post(OWN, {"do": "confirm", "code": code_of(SecondFactor.objects.get())})
    assert is_in(browser)


def test_an_operator_takes_it_away_by_command_or_by_button(staff) -> None:
    kim = make_person()
    make_factor(kim)
    call_command("resetsecondfactor", "kim", stdout=StringIO())
    assert is_in(sign_in()[0])
    with pytest.raises(CommandError):
        call_command("resetsecondfactor", "kim", stdout=StringIO())
    with pytest.raises(CommandError):
        call_command("resetsecondfactor", "nobody", stdout=StringIO())

    make_factor(kim)
    staff.post(reverse("admin:auth_user_button", args=[kim.pk, "reset-second-factor"]))
    assert not SecondFactor.objects.exists()
    assert told(row_id=str(kim.pk)) == [
        ("second_factor", "command: resetsecondfactor"),
        ("pressed", "admin"),
    ]


def test_the_page_asks_nothing_of_people_who_are_not_signed_in(client) -> None:
    assert client.get(CHECK).url == "/admin/"
    assert client.get(OWN).url.startswith("/admin/login/")
