"""The metrics page: who may see it, what it says, and what it costs."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from connections.models import Account
from deliveries import held_counts, tallies
from deliveries.models import Alert, Attempt, BooksCheck, Delivery, Event, WorkerBeat
from meshes.environment import Environment
from meshes.metrics import accounts, history
from tests.bench.filling import fill
from tests.builders import (
    API_KEY,
    make_account,
    make_attempt,
    make_connection,
    make_delivery,
    make_event,
    make_rule,
    make_workspace,
)
from tests.deliveries.olden import old_event, remove_now

TOKEN = "metrics-token-for-tests"
HOST = "acme.api-us1.com"
pytestmark = pytest.mark.django_db


@pytest.fixture
def scrape(client, settings):
    """A function that reads the page: samples by name, each with its labels."""
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[tuple, float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.content
        families = text_string_to_metric_families(answer.content.decode())
        samples = [sample for family in families for sample in family.samples]
        found = {(each.name, *sorted(each.labels.items())): each.value for each in samples}
        assert len(found) == len(samples)
        return found

    return read


def count_all() -> None:
    """Let a worker count whatever may be counted five minutes from now."""
    tallies.count_on(timezone.now() + timedelta(minutes=5), until=time.monotonic() + 20)


def of(name: str, **labels: str) -> tuple:
    """The key of a sample."""
    return (name, *sorted(labels.items()))


def test_without_a_token_there_is_no_such_page(client, settings):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer é"]
)
def test_a_wrong_or_missing_token_is_asked_for(client, settings, given):
    settings.METRICS_TOKEN = TOKEN
    make_workspace(name="Northstar")

    answer = client.get("/metrics", headers={"Authorization": given} if given is not None else {})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"Northstar" not in answer.content
    assert answer.content == b"Send the METRICS_TOKEN of this server as a bearer token.\n"


def test_the_right_token_gets_plain_prometheus_text(client, settings):
    settings.METRICS_TOKEN = TOKEN

    answer = client.get("/metrics", headers={"Authorization": f"bearer {TOKEN}"})

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]


def test_the_page_takes_no_post(client, settings):
    settings.METRICS_TOKEN = TOKEN

    answer = client.post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 405


def test_the_token_may_come_from_a_file(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("from-a-file-0123456789\n")
    monkeypatch.setenv("METRICS_TOKEN_FILE", str(tmp_path / "token"))

    assert Environment().str("METRICS_TOKEN", "").strip() == "from-a-file-0123456789"


def test_a_database_that_is_away_is_a_503_and_names_nothing(client, settings, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise DatabaseError("secret address")

    settings.METRICS_TOKEN = TOKEN
    with connection.execute_wrapper(refuse):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 503
    assert answer.content == b"The database does not answer. Check DATABASE_URL and the server.\n"


def test_events_count_at_once_and_stay_counted_when_a_worker_has_counted_them(scrape):
    rule = make_rule()
    make_delivery(make_event(workspace=rule.workspace), rule)
    make_event(workspace=rule.workspace)
    make_event(workspace=rule.workspace, is_test=True)

    before = scrape()
    count_all()
    after = scrape()

    mine = {"workspace": str(rule.workspace_id)}
    for found in (before, after):
        assert found[of("meshes_events_accepted_total", **mine)] == 2
        assert found[of("meshes_events_matched_total", **mine)] == 1
        assert found[of("meshes_deliveries_planned_total", **mine)] == 1


def test_what_never_happened_begins_with_zero(scrape):
    connection = make_connection()

    found = scrape()

    mine = {"workspace": str(connection.workspace_id)}
    assert found[of("meshes_events_accepted_total", **mine)] == 0
    ended = of("meshes_deliveries_ended_total", account=HOST, status="failed", **mine)
    assert found[ended] == 0


def test_attempts_tell_what_they_came_to_and_how_long_they_took(scrape):
    rule = make_rule()
    failed = make_delivery(make_event(), rule, status="failed", reason="tag_not_found")
    make_attempt(failed, outcome="rejected_client_error", reason="tag_not_found", duration_ms=90)
    make_attempt(make_delivery(make_event(), rule, status="completed"), duration_ms=40_000)
    count_all()

    found = scrape()

    both = {"workspace": str(rule.workspace_id), "account": HOST}
    attempts = "meshes_attempts_total"
    assert found[of(attempts, trigger="live", outcome="rejected_client_error", **both)] == 1
    assert found[of("meshes_deliveries_ended_total", status="completed", **both)] == 1
    reason = {"workspace": both["workspace"], "reason": "tag_not_found"}
    assert found[of("meshes_delivery_failures_total", **reason)] == 1
    seconds = "meshes_attempt_duration_seconds"
    bounds = {le: found[of(f"{seconds}_bucket", account=HOST, le=le)] for le in ("0.1", "30.0")}
    assert bounds == {"0.1": 1, "30.0": 1}
    assert found[of(f"{seconds}_bucket", account=HOST, le="+Inf")] == 2
    assert found[of(f"{seconds}_count", account=HOST)] == 2
    assert found[of(f"{seconds}_sum", account=HOST)] == pytest.approx(40.09)


def test_no_counter_goes_back_when_history_is_removed(scrape):
    rule = make_rule()
    for _ in range(3):
        old_event(rule)
    Attempt.objects.update(started_at=timezone.now() - timedelta(days=91))
    count_all()
    before = {key: value for key, value in scrape().items() if "_total" in key[0]}

    assert remove_now() == 3
    after = scrape()

    assert Event.objects.count() == 0
    assert {key: value for key, value in before.items() if after[key] < value} == {}
    accepted = of("meshes_events_accepted_total", workspace=str(rule.workspace_id))
    assert (before[accepted], after[accepted]) == (3, 3)


def test_a_counter_rises_while_a_long_history_is_being_counted(scrape, monkeypatch):
    monkeypatch.setattr(history, "MOST_UNCOUNTED", 2)
    monkeypatch.setattr(history, "READ_SQL", history.READ_SQL.replace("LIMIT 20000", "LIMIT 2"))
    monkeypatch.setattr(tallies, "AT_ONCE", 3)
    workspace = make_workspace()
    for _ in range(7):
        make_event(workspace=workspace)

    seen = []
    for _ in range(4):
        seen.append(scrape()[of("meshes_events_accepted_total", workspace=str(workspace.pk))])
        tallies._count_events(timezone.now() + timedelta(minutes=5))

    assert seen == [2, 5, 7, 7]


def test_what_waits_is_told_by_account_with_the_age_of_what_is_due(scrape):
    rule, now = make_rule(), timezone.now()
    late = now - timedelta(seconds=90)
    make_delivery(make_event(), rule, next_attempt_at=late)
    make_delivery(
        make_event(),
        rule,
        status="retrying",
        priority=1,
        next_attempt_at=now + timedelta(hours=1),
    )
    make_delivery(make_event(), rule, held_reason="connection_inactive", next_attempt_at=late)

    found = scrape()

    waiting = "meshes_deliveries_waiting"
    by = {each: found[of(waiting, account=HOST, priority=each)] for each in ("live", "retry")}
    assert by == {"live": 1, "retry": 1}
    assert 90 <= found[of("meshes_oldest_due_age_seconds", account=HOST)] < 120
    workspace = str(rule.workspace_id)
    assert found[of("meshes_deliveries_held", account=HOST, workspace=workspace)] == 1


def test_an_account_tells_its_pace_and_its_pauses(scrape):
    until = timezone.now() + timedelta(seconds=60)
    make_account(slots_taken=17, paused_until=until, paused_s=75.5, requests_per_second=4)

    found = scrape()

    assert found[of("meshes_account_budget_per_second", account=HOST)] == 4
    assert found[of("meshes_account_slots_total", account=HOST)] == 17
    assert found[of("meshes_account_paused_seconds_total", account=HOST)] == 75.5
    assert 30 < found[of("meshes_account_pause_left_seconds", account=HOST)] <= 60


def test_accounts_beyond_the_first_share_a_label(scrape, monkeypatch):
    monkeypatch.setattr(accounts, "MOST", 1)
    for key in ("a.example.com", "b.example.com", "c.example.com"):
        make_account(key=key, slots_taken=2)

    found = scrape()

    taken = {key: value for key, value in found.items() if key[0] == "meshes_account_slots_total"}
    name = Account.objects.order_by("pk").first().key
    assert taken == {
        of("meshes_account_slots_total", account=name): 2,
        of("meshes_account_slots_total", account="others"): 4,
    }


def test_workers_queue_books_and_alerts_are_told(scrape):
    workspace, now = make_workspace(), timezone.now()
    WorkerBeat.objects.create(kind="supervisor", started_at=now, beat_at=now)
    then = now - timedelta(minutes=10)
    WorkerBeat.objects.create(kind="pump", started_at=then, beat_at=then)
    figures = {"completed": 5, "removed.completed": 7, "waiting": 2}
    BooksCheck.objects.create(checked_at=then, balanced=False, figures=figures)
    given = {"workspace": workspace, "kind": "rule_held", "raised_at": now, "last_at": now}
    Alert.objects.create(key="one", **given)
    Alert.objects.create(key="two", resolved_at=now, **given)

    found = scrape()

    alive = {kind: found[of("meshes_workers_alive", kind=kind)] for kind in ("supervisor", "pump")}
    assert alive == {"supervisor": 1, "pump": 0}
    assert 600 <= found[of("meshes_worker_heartbeat_age_seconds", kind="pump")] < 630
    assert (found[of("meshes_queue_up")], found[of("meshes_queue_tasks")]) == (1, 0)
    assert found[of("meshes_books_balanced")] == 0
    assert found[of("meshes_books_deliveries", status="completed")] == 12
    assert found[of("meshes_books_deliveries", status="waiting")] == 2
    alerts = of("meshes_alerts_open", workspace=str(workspace.pk), kind="rule_held")
    assert found[alerts] == 1


def test_a_redis_that_is_away_is_told_and_takes_nothing_else_away(scrape, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    found = scrape()

    assert found[of("meshes_queue_up")] == 0
    assert of("meshes_queue_tasks") not in found
    assert found[of("meshes_workers_alive", kind="pump")] == 0


def test_no_label_holds_an_email_or_a_key(scrape, client):
    rule = make_rule()
    delivery = make_delivery(make_event(email="alex.canary@example.com"), rule, status="failed")
    make_attempt(delivery, outcome="timeout", reason="timeout", message="alex.canary@example.com")
    count_all()

    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content

    assert b"alex" not in text
    assert API_KEY.encode() not in text
    assert TOKEN.encode() not in text


def test_a_long_history_costs_as_many_queries_as_none(scrape):
    rule = make_rule()
    with CaptureQueriesContext(connection) as few:
        scrape()
    fill(rule, first=1_700_000, last=1_719_999)
    count_all()

    with CaptureQueriesContext(connection) as many:
        found = scrape()

    accepted = of("meshes_events_accepted_total", workspace=str(rule.workspace_id))
    assert (found[accepted], Delivery.objects.count()) == (20_000, 20_000)
    assert len(many) == len(few) <= 25


@pytest.mark.sqlite
@pytest.mark.parametrize("statement", [accounts.HELD_SQL, held_counts._COUNT], ids=["page", "list"])
def test_what_is_held_is_counted_from_the_index_that_holds_nothing_else(statement):
    asked = statement.format(ids="NULL").replace("%s", "NULL")

    with connection.cursor() as cursor:
        plan = cursor.execute(f"EXPLAIN QUERY PLAN {asked}").fetchall()

    assert any("COVERING INDEX delivery_held " in step[3] for step in plan), plan
