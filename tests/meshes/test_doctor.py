"""The doctor: each check for a good and a bad case, one line each, and nothing secret in any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from connections.models import Connection
from deliveries import beats
from deliveries.canary import go_round
from deliveries.claiming import claim
from deliveries.models import BooksCheck, Canary, Delivery, WorkerBeat
from deliveries.sending import send
from meshes.doctor import (
    accounts,
    broker,
    canary,
    clocks,
    database,
    deliveries,
    mail,
    places,
    secrets,
    storage,
    workers,
)
from meshes.doctor import settings as own_settings
from meshes.doctor.examining import CHECKS, examine
from meshes.doctor.findings import Asked, Check, Finding, broken, ok
from meshes.encryption import seal
from meshes.keys import create_machine_key
from meshes.models import AlertContact
from tests.builders import API_KEY, make_connection, make_rule, make_workspace
from tests.deliveries.scenes import connect, due
from tests.workers import ROOT

pytestmark = pytest.mark.django_db

TOKEN = "metrics-token-0123456789"


def levels(look, **asked: bool) -> list[str]:
    return [each.level for each in look(Asked(**asked))]


def said(look, **asked: bool) -> str:
    return " ".join(f"{each.text} {each.advice}" for each in look(Asked(**asked)))


def doctor(*options: str) -> tuple[str, int]:
    """What the command prints, and its exit code."""
    out = StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def test_settings_that_do_harm_are_told_by_their_check(settings):
    settings.LOG_FORMAT = "xml"

    assert "broken" in levels(own_settings.look)
    assert "LOG_FORMAT must be text or json. (meshes.E005)" in said(own_settings.look)

    settings.LOG_FORMAT, settings.DEBUG = "text", True
    assert levels(own_settings.look) == ["warning"]


def test_what_only_https_can_have_is_told_once_by_the_address(settings):
    settings.SECRET_KEY = "".join(chr(97 + number % 26) for number in range(60))

    assert levels(own_settings.look) == ["ok"]


@pytest.mark.parametrize(
    ("public", "hosts", "level"),
    [
        ("https://meshes.example.com", ["meshes.example.com"], "ok"),
        ("https://meshes.example.com", ["other.example.com"], "broken"),
        ("http://meshes.example.com", ["meshes.example.com"], "warning"),
        ("http://localhost:8000", ["localhost"], "warning"),
    ],
)
def test_the_public_address_is_answered_and_safe(settings, public, hosts, level):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = public, hosts

    assert levels(places.addresses) == [level]


@pytest.mark.parametrize(("token", "level"), [("", "warning"), ("abc", "warning"), (TOKEN, "ok")])
def test_the_metrics_have_a_token_that_nobody_guesses(settings, token, level):
    settings.METRICS_TOKEN = token

    assert levels(places.metrics) == [level]
    assert TOKEN not in said(places.metrics)


def test_static_files_are_found_or_missed(settings):
    assert levels(places.static_files) == ["ok"]

    settings.STATICFILES_FINDERS = []

    assert levels(places.static_files) == ["broken"]


def test_a_database_answers_with_its_version():
    assert levels(database.look) == ["ok"]
    assert said(database.look).startswith(("SQLite 3.", "PostgreSQL 1"))


def test_migrations_may_be_missing_or_ahead():
    assert levels(database.migrations) == ["ok"]
    recorder = MigrationRecorder(connection)
    recorder.record_applied("deliveries", "9999_of_a_release_to_come")
    assert levels(database.migrations) == ["warning"]

    recorder.record_unapplied(*MigrationLoader(connection).graph.leaf_nodes("deliveries")[0])

    assert levels(database.migrations) == ["broken"]
    assert "python manage.py migrate" in said(database.migrations)


def test_a_database_that_refuses_rows_is_told_and_a_good_one_keeps_none():
    assert levels(database.writing) == ["ok"]
    assert not WorkerBeat.objects.exists()

    def refuse(execute, sql, *rest):
        if sql.startswith("INSERT"):
            raise DatabaseError("attempt to write a readonly database")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        assert levels(database.writing) == ["broken"]


def test_storage_says_what_is_free_and_that_the_file_is_sound():
    found = list(storage.look(Asked()))

    assert "GiB are free where Meshes writes." in found[0].text
    if connection.vendor == "sqlite":
        assert found[-1].text.startswith("The file is sound (")


@pytest.mark.postgres
def test_postgresql_must_let_all_workers_in(settings):
    settings.WORKER_SENDERS = 12
    assert levels(storage.room) == ["ok"]
    assert "4 of the web server + 1 x 27 of workers = 31" in said(storage.room)

    settings.WORKER_SENDERS = 4800

    assert levels(storage.room) == ["warning"]


def test_stored_secrets_open_or_are_counted_as_lost(settings):
    make_connection()
    create_machine_key(make_workspace().organization, name="Backend", by="tests")
    assert said(secrets.look).strip() == "Can be opened: 2 stored secrets."

    before = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *before]
    assert "2 of them by an older key that must stay" in said(secrets.look)

    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    assert levels(secrets.look) == ["broken"]
    assert "1 of the connections, 1 of the machine keys" in said(secrets.look)


def test_without_redis_the_database_carries_the_queue(settings):
    settings.REDIS_URL = ""

    assert levels(broker.look) == ["ok"]
    assert levels(clocks.look) == ["ok"]


def test_a_redis_that_is_away_is_told(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert levels(broker.look) == ["broken"]
    assert "ConnectionError" in said(broker.look)
    assert "broken" not in levels(clocks.look)


@pytest.mark.redis
def test_a_redis_that_answers_is_measured_and_keeps_nothing(settings, redis_url):
    settings.REDIS_URL = redis_url
    client = broker.client_of(redis_url)
    before = client.dbsize()

    assert levels(broker.look) == ["ok"]
    assert levels(clocks.look)[-1] == "ok"
    assert client.dbsize() == before


@pytest.mark.parametrize(("apart", "level"), [(0.2, "ok"), (-2.0, "warning"), (9.0, "broken")])
def test_clocks_may_be_a_second_apart(apart, level):
    assert clocks.judged(apart, "the database's").level == level


def test_workers_live_are_silent_or_are_older_than_the_tables():
    assert levels(workers.look) == ["broken"]
    row = beats.start("supervisor")
    assert levels(workers.look) == ["warning"]
    beats.start("pump")
    assert levels(workers.look) == ["ok"]

    WorkerBeat.objects.filter(pk=row.pk).update(started_at=timezone.now() - timedelta(days=900))

    assert levels(workers.look) == ["ok", "warning"]
    assert "Started before the last migration ran: 1 worker on " in said(workers.look)


def test_a_canary_is_off_new_green_or_red(settings):
    settings.CANARY_EVERY_S = 0
    assert levels(canary.look) == ["warning"]
    settings.CANARY_EVERY_S = 300
    assert levels(canary.look) == ["warning"]
    go_round()
    send(claim(Delivery.objects.get().account_id))
    assert levels(canary.look) == ["ok"]

    Canary.objects.update(begun_at=timezone.now() - timedelta(hours=1))
    Delivery.objects.all().delete()

    assert levels(canary.look) == ["broken"]
    assert "The last canary never arrived." in said(canary.look)


def test_late_deliveries_are_told(sandbox):
    assert "No delivery is due." in said(deliveries.look)
    delivery = due(make_rule(connection=connect(sandbox)))
    assert "No delivery is late." in said(deliveries.look)

    Delivery.objects.filter(pk=delivery.pk).update(
        next_attempt_at=timezone.now() - timedelta(minutes=12)
    )

    assert levels(deliveries.look) == ["warning"]
    assert "A delivery has been due for 12 min" in said(deliveries.look)


def test_books_add_up_differ_or_are_old():
    now = timezone.now()
    assert levels(deliveries.books) == ["ok"]
    row = BooksCheck.objects.create(checked_at=now, balanced=True, figures={})
    assert levels(deliveries.books) == ["ok"]
    BooksCheck.objects.filter(pk=row.pk).update(checked_at=now - timedelta(hours=2))
    assert levels(deliveries.books) == ["warning"]

    BooksCheck.objects.create(checked_at=now, balanced=False, figures={}, faults=["One."])

    assert levels(deliveries.books) == ["broken"]


def test_connections_are_on_paused_or_refused():
    assert levels(accounts.look) == ["ok"]
    row = make_connection()
    assert said(accounts.look).strip() == "On: 1 connection."
    row.account.paused_until = timezone.now() + timedelta(minutes=1)
    row.account.save()
    assert levels(accounts.look) == ["warning"]

    make_connection(active=False, inactive_reason="authentication_invalid")

    assert levels(accounts.look) == ["warning", "warning"]


def test_probing_calls_each_account_and_stores_nothing(sandbox):
    row = connect(sandbox)
    assert levels(accounts.look, probe=True) == ["ok", "ok"]
    assert len(sandbox.state.requests) > 0

    Connection.objects.filter(pk=row.pk).update(secrets=seal('{"api_key": "wrong"}'))

    assert levels(accounts.look, probe=True) == ["ok", "broken"]
    assert str(row.pk) in said(accounts.look, probe=True)
    row.refresh_from_db()
    assert (row.active, row.checked_at) == (True, None)


def test_looking_alone_calls_nobody(sandbox):
    connect(sandbox)

    assert levels(accounts.look) == ["ok"]
    assert sandbox.state.requests == []


def test_rules_on_hold_are_counted():
    make_rule()
    assert levels(accounts.rules) == ["ok"]

    make_rule(held_reason="tag_not_found")

    assert "On hold: 1 of 2 rules" in said(accounts.rules)


def test_mail_goes_nowhere_or_to_a_server_that_is_visited_when_asked(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert levels(mail.look) == ["warning"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.DEFAULT_FROM_EMAIL = "meshes@example.com"
    assert levels(mail.look) == ["ok"]

    assert levels(mail.look, mail=True) == ["ok", "broken"]
    assert "ConnectionRefusedError" in said(mail.look, mail=True)


def test_workspaces_need_somebody_to_write_to():
    row = make_connection()
    assert levels(mail.contacts) == ["warning"]

    AlertContact.objects.create(workspace=row.workspace, email="ops@example.com")

    assert levels(mail.contacts) == ["ok"]
    assert "ops@example.com" not in said(mail.contacts)


def test_what_needs_a_broken_thing_is_left_out_and_a_check_that_breaks_is_a_line():
    def fails(_asked):
        raise RuntimeError("secret text")
        yield

    checks = (
        Check("database", lambda _: iter([broken("It is away.", "Start it.")])),
        Check("rows", lambda _: iter([ok("Never looked at.")]), needs=("database",)),
        Check("odd", fails),
    )

    found = list(examine(Asked(), checks=checks))

    assert [(name, each.level) for name, each in found] == [
        ("database", "broken"),
        ("rows", "skipped"),
        ("odd", "broken"),
    ]
    assert found[2][1] == Finding(
        "broken",
        "The check itself failed: RuntimeError.",
        "Report it with the release that you run; the other lines hold.",
    )


def test_every_check_says_a_line_and_no_secret():
    make_connection(name="Acme AC")

    text, code = doctor()

    told = [line[9:].split(":")[0] for line in text.splitlines()[:-1]]
    assert list(dict.fromkeys(told)) == [check.name for check in CHECKS]
    assert code == 1
    assert "broken   workers: No worker runs; nothing is delivered." in text
    assert API_KEY not in text
    assert os.environ["SECRET_KEY"] not in text
    assert os.environ["CREDENTIAL_KEYS"] not in text


def test_json_says_the_same_with_counts():
    text, code = doctor("--json")

    told = json.loads(text)
    assert code == 1
    assert sum(told["counts"].values()) == len(told["findings"])
    assert {"check", "level", "text", "advice"} == set(told["findings"][0])


def test_warnings_alone_end_with_0():
    for kind in ("supervisor", "pump"):
        beats.start(kind)

    text, code = doctor()

    assert (code, " 0 broken," in text) == (0, True)


@pytest.mark.parametrize(
    "url",
    ["postgres://meshes:hidden-word@127.0.0.1:1/meshes", "sqlite:////dev/null/no/meshes.sqlite3"],
    ids=["away", "no-folder"],
)
def test_a_database_that_is_away_ends_in_lines_and_no_traceback(url):
    ended = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "meshes.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "hidden-word" not in ended.stdout + ended.stderr
