"""Reading what an account holds, searching it, and who may see it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from connections import tasks
from connections.activation import set_active
from connections.catalog import (
    CatalogUnreadable,
    Refreshed,
    is_stale,
    refresh_catalog,
    search_targets,
    visible_catalog,
)
from connections.models import Account, CatalogEntry, Connection
from connections.pace import pause
from connections.saving import save_connection
from meshes.encryption import Sealed
from tests.builders import make_account, make_catalog_entry, make_workspace

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(hours=1)


def labels(account_id: int, kind: str) -> list[str]:
    entries = CatalogEntry.objects.present().filter(account_id=account_id, kind=kind)
    return list(entries.order_by("label").values_list("label", flat=True))


def held(account_id: int) -> list[Any]:
    return list(CatalogEntry.objects.filter(account_id=account_id).order_by("pk").values())


def account() -> Account:
    return Account.objects.get()


def test_everything_is_read_with_types_and_options(saved):
    assert labels(saved.account_id, "list") == ["Newsletter", "Onboarding", "Product updates"]
    plan = CatalogEntry.objects.get(label="Plan")
    assert (plan.kind, plan.type, plan.options) == ("field", "enum", ["Free", "Pro", "Team"])
    assert plan.detail == {"perstag": "PLAN", "wire_type": "dropdown"}
    assert (plan.folded, plan.gone_at) == ("plan", None)


def test_all_pages_are_read(saved, sandbox):
    for number in range(250):
        sandbox.state.add_tag(f"Bulk {number:03d}")

    read = refresh_catalog(saved, now=LATER)

    assert read == Refreshed(tags=255, lists=3, fields=4, gone=0)
    assert len(labels(saved.account_id, "tag")) == 255
    tag_pages = [each for each in sandbox.state.requests if each.query.startswith("limit=100")]
    assert len([each for each in tag_pages if each.path.endswith("/tags")]) == 1 + 3


def test_what_was_deleted_behind_our_back_is_gone_and_can_come_back(saved, sandbox):
    tag_id = sandbox.state.add_tag("Short-lived")
    refresh_catalog(saved, now=LATER)
    sandbox.state.delete_tag(tag_id)

    read = refresh_catalog(saved, now=LATER + timedelta(seconds=1))

    entry = CatalogEntry.objects.get(external_id=tag_id, kind="tag")
    assert read.gone == 1
    assert entry.gone_at == LATER + timedelta(seconds=1)


def test_what_is_there_again_is_no_longer_gone(saved):
    CatalogEntry.objects.update(gone_at=LATER)

    read = refresh_catalog(saved, now=LATER)

    assert read.gone == 0
    assert not CatalogEntry.objects.filter(gone_at__isnull=False).exists()


def test_a_renamed_tag_keeps_its_id_and_gets_its_new_label(saved, sandbox):
    tag_id = sandbox.state.add_tag("Old")
    refresh_catalog(saved, now=LATER)
    tags = sandbox.state.data.tags
    tags.change(tags[int(tag_id)], name=" New NAME ")

    refresh_catalog(saved, now=LATER + timedelta(seconds=1))

    entry = CatalogEntry.objects.get(external_id=tag_id, kind="tag")
    assert (entry.label, entry.folded, entry.gone_at) == (" New NAME ", "new name", None)


def test_the_version_changes_with_the_fields_alone(saved, sandbox):
    first = account().catalog_version
    sandbox.state.add_tag("New")
    refresh_catalog(saved, now=LATER)
    second = account().catalog_version
    sandbox.state.add_field("Seats")
    refresh_catalog(saved, now=LATER + timedelta(seconds=1))

    assert len(first) == 16
    assert first == second != account().catalog_version


@pytest.mark.parametrize(
    ("fault", "options", "words"),
    [
        ("server_error", {"path": "fields"}, "has a problem of its own"),
        ("permission_denied", {"path": "lists"}, "lacks a permission"),
        ("truncate", {"path": "lists"}, "broke the connection off"),
        ("rate_limit", {"path": "lists", "retry_after": 9}, "Try again in 9 seconds"),
    ],
)
def test_a_reading_that_breaks_off_changes_nothing_but_the_error(
    saved, sandbox, fault, options, words
):
    sandbox.state.add_tag("Unseen")
    before, read_at = held(saved.account_id), account().catalog_refreshed_at
    sandbox.faults.set(fault, **options)

    with pytest.raises(CatalogUnreadable, match=words):
        refresh_catalog(saved, now=LATER)

    assert held(saved.account_id) == before
    assert account().catalog_refreshed_at == read_at
    assert words in account().catalog_error


def test_the_next_good_reading_clears_the_error(saved):
    Account.objects.update(catalog_error="Something.")

    refresh_catalog(saved, now=LATER)

    assert account().catalog_error == ""
    assert account().catalog_refreshed_at == LATER


def test_a_rate_limit_while_reading_pauses_the_account(saved, sandbox):
    sandbox.faults.set("rate_limit", retry_after=9)

    with pytest.raises(CatalogUnreadable):
        refresh_catalog(saved, now=LATER)

    assert account().pause_reason == "rate_limited"


def test_a_paused_account_is_not_read(saved, sandbox):
    pause(saved.account_id, seconds=60, reason="rate_limited")
    before = len(sandbox.state.requests)

    with pytest.raises(CatalogUnreadable, match="asked for a pause"):
        refresh_catalog(saved, now=LATER)

    assert len(sandbox.state.requests) == before


def test_a_key_that_cannot_be_opened_is_said(saved):
    saved.secrets = Sealed("lost")

    with pytest.raises(CatalogUnreadable, match="CREDENTIAL_KEYS"):
        refresh_catalog(saved, now=LATER)


def test_a_reading_that_began_earlier_does_not_undo_a_later_one(saved, sandbox):
    refresh_catalog(saved, now=LATER)
    sandbox.state.add_tag("New")

    refresh_catalog(saved, now=LATER - timedelta(minutes=1))

    assert account().catalog_refreshed_at == LATER
    assert "New" not in labels(saved.account_id, "tag")


def test_a_save_that_cannot_read_the_catalog_says_so_and_stays_saved(draft, sandbox):
    sandbox.faults.set("server_error", path="fields")

    stored = save_connection(draft(), by="ada", now=LATER)

    assert "has a problem of its own" in stored.catalog_error
    assert Connection.objects.count() == 1


def second_key(draft: Any, sandbox: Any) -> Connection:
    """A connection to the same address whose key sees nothing of the account."""
    sandbox.add_account(key="key-with-few-rights")
    wish = draft(name="Few rights", api_key="key-with-few-rights")
    return save_connection(wish, by="ada", now=LATER).connection


def test_what_only_another_key_may_see_is_not_gone(draft, saved, sandbox):
    read = refresh_catalog(second_key(draft, sandbox), now=LATER + timedelta(seconds=1))

    assert read == Refreshed(tags=5, lists=3, fields=4, gone=0)


def test_nothing_is_gone_while_the_other_key_cannot_be_asked(draft, saved, sandbox):
    other = second_key(draft, sandbox)
    sandbox.faults.set("server_error")

    read = refresh_catalog(other, now=LATER + timedelta(seconds=1))

    assert read == Refreshed(tags=0, lists=0, fields=0, gone=0)
    assert len(labels(saved.account_id, "tag")) == 5


def test_what_no_key_sees_is_gone(draft, saved, sandbox):
    other = second_key(draft, sandbox)
    set_active(saved, False, by="ada", now=LATER)

    assert refresh_catalog(other, now=LATER + timedelta(seconds=1)).gone == 12


def test_a_wrong_key_shows_nothing_of_the_account(draft, saved):
    pause(saved.account_id, seconds=60, reason="rate_limited")
    wish = draft(workspace=make_workspace(), api_key="wrong", save_unchecked=True)
    stranger = save_connection(wish, by="eve", now=LATER).connection

    assert stranger.account_id == saved.account_id
    assert visible_catalog(stranger).count() == 0
    assert visible_catalog(saved).count() == 12


def test_a_key_that_was_changed_without_a_check_shows_nothing(draft, saved):
    pause(saved.account_id, seconds=60, reason="rate_limited")

    edited = save_connection(
        draft(api_key="guess", save_unchecked=True), connection=saved, by="eve", now=LATER
    ).connection

    assert visible_catalog(edited).count() == 0


def test_searching_finds_parts_of_names_the_exact_one_first():
    account = make_account()
    for number, label in enumerate(["Not step 1", "Step 10", "Step 1", "Step 11", "Other"]):
        make_catalog_entry(account, external_id=str(number), label=label)
    make_catalog_entry(account, external_id="9", label="Step 1 gone", gone_at=LATER)
    make_catalog_entry(account, external_id="9", label="Step 1 list", kind="list")
    make_catalog_entry(make_account(key="other"), external_id="1", label="Step 1 elsewhere")

    found, more = search_targets(account.pk, kind="tag", text=" sTEP 1 ", limit=3)

    assert [each.label for each in found] == ["Step 1", "Step 10", "Step 11"]
    assert more is True
    found, more = search_targets(account.pk, kind="tag", text="step 1", limit=4)
    assert ([each.label for each in found][-1], more) == ("Not step 1", False)


@pytest.mark.parametrize("text", ["100%", "a_b", "Ärger", "back\\slash"])
def test_searching_takes_signs_literally(text):
    account = make_account()
    make_catalog_entry(account, external_id="1", label=f"x {text} y")
    make_catalog_entry(account, external_id="2", label="x 100 aXb Arger backslash y")

    found, _ = search_targets(account.pk, kind="tag", text=text.upper(), limit=9)

    assert [each.external_id for each in found] == ["1"]


def test_an_account_is_stale_after_six_hours():
    fresh = Account(catalog_refreshed_at=LATER - timedelta(hours=5, minutes=59))
    old = Account(catalog_refreshed_at=LATER - timedelta(hours=6))

    assert [is_stale(each, now=LATER) for each in (Account(), fresh, old)] == [True, False, True]


def test_the_task_reads_stale_accounts_and_leaves_fresh_ones(saved, sandbox):
    sandbox.state.add_tag("New")

    assert tasks.refresh_stale_catalogs() == 0
    Account.objects.update(catalog_refreshed_at=None)

    assert tasks.refresh_stale_catalogs() == 1
    assert "New" in labels(saved.account_id, "tag")


@pytest.mark.parametrize("over", [{"active": False}, {"deleted_at": LATER}, {"last_check": {}}])
def test_the_task_asks_only_through_working_connections(saved, sandbox, over):
    Account.objects.update(catalog_refreshed_at=None)
    Connection.objects.update(**over)
    before = len(sandbox.state.requests)

    assert tasks.refresh_stale_catalogs() == 0
    assert len(sandbox.state.requests) == before


def test_the_task_survives_a_failing_account_and_tries_it_last(draft, saved, sandbox, elsewhere):
    save_connection(
        draft(name="Other", api_url=elsewhere.url, api_key=elsewhere.key), by="ada", now=LATER
    )
    sandbox.faults.set("server_error")
    Account.objects.update(catalog_refreshed_at=None)

    assert tasks.refresh_stale_catalogs() == 1

    Account.objects.filter(catalog_error="").update(catalog_refreshed_at=None)
    accounts = tasks._stale_accounts(LATER)
    assert [bool(each.catalog_error) for each in accounts] == [False, True]


def test_the_task_leaves_what_does_not_fit_its_time(saved, monkeypatch):
    Account.objects.update(catalog_refreshed_at=None)
    monkeypatch.setattr(tasks, "BUDGET_S", -1.0)

    assert tasks.refresh_stale_catalogs() == 0


def test_the_task_is_scheduled():
    from django_q.models import Schedule

    schedule = Schedule.objects.get(func="connections.tasks.refresh_stale_catalogs")
    assert (schedule.schedule_type, schedule.minutes, schedule.repeats) == ("I", 10, -1)


@pytest.mark.django_db(transaction=True)
def test_refreshing_twice_at_once_does_no_harm(saved, sandbox):
    for number in range(120):
        sandbox.state.add_tag(f"Bulk {number:03d}")
    failures: list[BaseException] = []

    def refresh(seconds: int) -> None:
        try:
            refresh_catalog(saved, now=LATER + timedelta(seconds=seconds))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=refresh, args=[seconds]) for seconds in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert failures == []
    assert len(labels(saved.account_id, "tag")) == 125
    assert CatalogEntry.objects.filter(kind="tag").count() == 125
