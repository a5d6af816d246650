"""Guessing passwords is stopped, without telling anybody who has an account."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from deliveries.tasks import keep_history
from meshes import sign_in_tries
from meshes.models import AuditEntry, SignInTries
from tests.meshes.signing_in import LOCKED, PASSWORD, is_in, make_person, sign_in, told

WRONG = "canary-wrong-guess"
ADDRESS = "203.0.113.7"


@pytest.fixture(autouse=True)
def _three_tries(settings):
    settings.SIGN_IN = settings.SIGN_IN._replace(tries=3)


def text(answer) -> str:
    return answer.content.decode()


@pytest.mark.django_db
def test_after_too_many_tries_the_right_password_is_refused_too() -> None:
    make_person()

    wrong = [sign_in(password=WRONG)[1] for _ in range(3)]
    browser, answer = sign_in()

    assert all(LOCKED not in text(each) for each in wrong)
    assert LOCKED in text(answer)
    assert not is_in(browser)


@pytest.mark.django_db
def test_nobody_learns_whether_a_name_exists() -> None:
    make_person()

    known = [text(sign_in("kim", WRONG)[1]) for _ in range(4)]
    unknown = [text(sign_in("sam", WRONG)[1]) for _ in range(4)]

    assert [LOCKED in each for each in known] == [False, False, False, True]
    assert [LOCKED in each for each in unknown] == [False, False, False, True]
    assert known[0].count("Please enter the correct") == unknown[0].count(
        "Please enter the correct"
    )


@pytest.mark.django_db
def test_the_lock_opens_after_a_while(clock) -> None:
    make_person()
    for _ in range(4):
        sign_in(password=WRONG)

    clock.shift(15 * 60 + 1)

    assert is_in(sign_in()[0])


@pytest.mark.django_db
def test_a_good_sign_in_forgets_the_failures_before() -> None:
    make_person()
    for _ in range(2):
        sign_in(password=WRONG)
        sign_in(password=WRONG)
        assert is_in(sign_in()[0])


@pytest.mark.django_db
def test_another_address_is_not_locked_by_the_first_but_the_name_is_in_the_end() -> None:
    make_person()
    for _ in range(4):
        sign_in(password=WRONG, REMOTE_ADDR=ADDRESS)

    assert is_in(sign_in(REMOTE_ADDR="203.0.113.8")[0])

    for number in range(16):
        sign_in(password=WRONG, REMOTE_ADDR=f"198.51.100.{number}")
    assert not is_in(sign_in(REMOTE_ADDR="203.0.113.9")[0])


@pytest.mark.django_db
def test_one_address_cannot_try_many_names() -> None:
    make_person()
    for number in range(16):
        sign_in(f"name{number}", WRONG, REMOTE_ADDR=ADDRESS)

    assert not is_in(sign_in(REMOTE_ADDR=ADDRESS)[0])
    assert is_in(sign_in(REMOTE_ADDR="203.0.113.8")[0])


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_all_counted() -> None:
    now = timezone.now()

    def count(_: int) -> bool:
        try:
            return sign_in_tries.count("kim", address="", now=now).locked
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        locked = list(pool.map(count, range(20)))

    assert locked.count(False) == 3


@pytest.mark.parametrize(
    ("proxies", "https", "forwarded", "address"),
    [
        (0, False, "", "10.0.0.1"),
        (0, False, "203.0.113.7", "10.0.0.1"),
        (0, True, "203.0.113.7", ""),
        (1, True, "203.0.113.7", "203.0.113.7"),
        (1, True, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, True, "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, True, "203.0.113.7", ""),
        (1, True, "", ""),
    ],
)
def test_an_address_is_believed_as_far_as_our_own_proxies_wrote_it(
    settings, proxies, https, forwarded, address
) -> None:
    settings.SIGN_IN = settings.SIGN_IN._replace(proxies=proxies)
    settings.HTTPS = https
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")

    assert sign_in_tries.address_of(request) == address


@pytest.mark.django_db
def test_sign_ins_failures_and_locks_are_audited_by_name() -> None:
    make_person()
    for _ in range(5):
        sign_in(password=WRONG)
        sign_in("nobody-of-that-name", WRONG)
    sign_in_tries.unlock("kim")
    browser, _ = sign_in()
    browser.post("/admin/logout/")

    assert told() == [
        *[("sign_in_failed", "kim")] * 3,
        ("sign_in_locked", "kim"),
        ("sign_in_locked", "a name that nobody has"),
        ("sign_in", "kim"),
        ("sign_out", "kim"),
    ]


@pytest.mark.django_db
def test_names_passwords_and_addresses_are_neither_logged_nor_kept(caplog) -> None:
    make_person()
    with caplog.at_level(logging.DEBUG):
        for _ in range(5):
            sign_in("canary-name", WRONG, REMOTE_ADDR=ADDRESS)
            sign_in(password=WRONG, REMOTE_ADDR=ADDRESS)
        sign_in(REMOTE_ADDR="203.0.113.8")

    meshes = [r for r in caplog.records if not r.name.startswith("django.db")]
    logged = " ".join(record.getMessage() for record in meshes)
    kept = " ".join(
        str(row) for row in [*SignInTries.objects.values(), *AuditEntry.objects.values()]
    )
    for canary in (WRONG, PASSWORD, ADDRESS, "canary-name"):
        assert canary not in logged
        assert canary not in kept


@pytest.mark.django_db
def test_an_operator_unlocks_one_person_or_all() -> None:
    make_person()
    for _ in range(4):
        sign_in(password=WRONG)

    said = StringIO()
    call_command("unlock", "kim", stdout=said)

    assert "Unlocked: 2 counts of tries are forgotten." in said.getvalue()
    assert is_in(sign_in()[0])
    assert told(kind="command") == [("command", "command: unlock")]

    sign_in(password=WRONG)
    call_command("unlock", all=True, stdout=StringIO())
    assert not SignInTries.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("given", [[], ["nobody"], ["kim", "--all"]])
def test_unlocking_nobody_is_an_error_in_one_sentence(given) -> None:
    make_person()

    with pytest.raises(CommandError):
        call_command("unlock", *given, stdout=StringIO())


@pytest.mark.django_db
def test_counts_that_lock_nobody_are_removed_by_the_way() -> None:
    now = timezone.now()
    sign_in_tries.count("old", address="", now=now - timedelta(minutes=16))
    sign_in_tries.count("new", address="", now=now)

    keep_history()

    assert SignInTries.objects.count() == 1
