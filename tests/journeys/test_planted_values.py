"""After a run of everything that can go wrong, no planted value stands where it must not.

The web server and the worker are programs of their own, at the level that tells most.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.models import Connection
from deliveries import tasks
from deliveries.models import Alert, Attempt, Delivery, Event
from meshes.roles import give_roles
from tests.database_dump import values
from tests.journeys.hostile import MailServer
from tests.journeys.planted import EMAIL, MAIL_PASSWORD, NAME, OPS, PLAN, PLANTS, found_in
from tests.journeys.planted_run import Run, serving
from tests.meshes.access import make_rows, pages
from tests.walks.stage import wait_for
from tests.workers import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(sandbox, settings, database_url, tmp_path):
    """The run, done, with all that its programs said."""
    mail = MailServer()
    environment = {
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": "json",
        "EMAIL_URL": f"smtp://meshes:{MAIL_PASSWORD.value}@127.0.0.1:{mail.port}",
        "DESTINATIONS_ALLOW_PRIVATE": "true",
    }
    with ExitStack() as stack:
        stack.callback(mail.stop)
        done = Run(sandbox, tmp_path, stack)
        done.mail = mail
        done.logs = [tmp_path / "web.log", tmp_path / "worker.log"]
        url = stack.enter_context(serving(done.logs[0], **environment))
        for body in done.bodies():
            assert done.post(url, body) == 201
        done.break_mapping()
        done.ask_badly(url)
        done.connect_badly(url)
        done.browse(url)
        worker = Worker(done.logs[1], command="qcluster", **environment)
        stack.callback(worker.end)
        tasks.enqueue("pump")
        tasks.enqueue("keep_house")
        wait_for(lambda: _all_tried(len(done.rules) + 1), "Not everything was tried.", 200)
        wait_for(lambda: mail.letters and Alert.objects.exclude(mail_error=""), "No mail.", 120)
        yield done


def _all_tried(number: int) -> bool:
    tried = Attempt.objects.exclude(outcome="").values("delivery").distinct().count()
    return tried >= number


def leaks(places: Any, plants: Any = PLANTS) -> list[tuple[str, str]]:
    """Which planted value stands where it must not; places are a name and a text each."""
    return sorted(
        {
            (place, plant.value)
            for place, text in places
            for plant in found_in(text, plants)
            if place not in plant.columns
        }
    )


def places_of(plant: Any) -> set[str]:
    """The columns in which the value stands now."""
    return {place for place, text in values() if any(found_in(text, [plant]))}


def test_planted_values_stand_only_where_they_belong(run):
    outcomes = set(Attempt.objects.values_list("outcome", flat=True)) - {""}
    reasons = list(Delivery.objects.values_list("page_id", "last_outcome", "reason"))

    assert Event.objects.count() == len(run.rules)
    assert outcomes >= set(
        "delivered rejected_client_error rejected_server_error rate_limited auth_failed "
        "network_error internal_error".split()
    ), reasons
    assert places_of(EMAIL) == EMAIL.columns
    assert places_of(NAME) == NAME.columns
    assert OPS.value in "".join(run.mail.letters)
    assert all(log.stat().st_size > 1000 for log in run.logs)
    assert not leaks(values())
    assert not leaks((log.name, log.read_text()) for log in run.logs)
    assert not leaks([("a mail", "".join(run.mail.letters))], [p for p in PLANTS if p != OPS])
    for log in run.logs:
        assert run.secret not in log.read_text()
        assert run.session not in log.read_text()
        assert run.sender.key not in log.read_text()
    _no_page_shows_them(run)
    _no_answer_shows_them(run)


def _no_page_shows_them(run: Any) -> None:
    make_rows()
    give_roles()
    rows = {"workspace": run.workspace, "rule": run.rules["good"]}
    rows["connection"] = rows["rule"].connection
    # Of the mappings one is broken on purpose, in a way that the product cannot store.
    rows["mapping"] = rows["connection"].mappings.get()
    for role in ("Lifecycle", "Support", ""):
        person = User.objects.create_user(f"of {role}", is_staff=True, is_superuser=not role)
        person.groups.set(Group.objects.filter(name=role))
        browser = Client()
        browser.force_login(person)
        hidden = [plant for plant in PLANTS if not plant.shown]
        if not role:
            hidden = [plant for plant in hidden if plant not in (NAME, PLAN)]
        for name, address in (*_own(run), *([] if not role else pages(rows))):
            answer = browser.get(address)
            text = b"".join(answer) if answer.streaming else answer.content
            assert not leaks([(f"{name} for {role}", text.decode(errors="replace"))], hidden)


def _own(run: Any) -> Iterator[tuple[str, str]]:
    for delivery in Delivery.objects.filter(event__workspace=run.workspace):
        yield "a delivery", f"/admin/deliveries/delivery/{delivery.pk}/change/"
        yield "an event", f"/admin/deliveries/event/{delivery.event_id}/change/"
    for connection in Connection.objects.filter(workspace=run.workspace):
        yield "a connection", f"/admin/connections/connection/{connection.pk}/change/"
    for path in ("/readyz", "/healthz", "/metrics", "/api/schema/", "/llms.txt"):
        yield path, path


def _no_answer_shows_them(run: Any) -> None:
    lists = ("/events", "/connections", f"/workspaces/{run.workspace.pk}/rules")
    texts = [(path, run.machine.call("GET", path).content.decode()) for path in lists]
    for event in Event.objects.filter(workspace=run.workspace):
        shown = run.machine.call("GET", f"/events/{event.uuid}")
        texts.append(("an event", shown.content.decode()))
        for rule_event in shown.json().get("rule_events", []):
            path = f"/events/{event.uuid}/rules/{rule_event['id']}/attempts"
            texts.append((path, run.machine.call("GET", path).content.decode()))
    assert not leaks(texts)
