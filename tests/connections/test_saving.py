"""Saving and deleting connections, against the sandbox over HTTP."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from connections import refusals
from connections.activation import is_verified
from connections.calling import secrets_of
from connections.models import Account, CatalogEntry, Connection
from connections.saving import delete_connection, save_connection, set_active
from meshes.encryption import Sealed
from meshes.models import Workspace
from tests.builders import make_connection, make_mapping, make_rule, make_workspace
from tests.conftest import SANDBOX_KEY

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def save(draft: Any, **over: Any) -> Connection:
    return save_connection(draft, **{"by": "ada", "now": timezone.now(), **over}).connection


def refused(kind: type[refusals.CannotSave], draft: Any, **over: Any) -> dict[str, str]:
    with pytest.raises(kind) as caught:
        save(draft, **over)
    return caught.value.errors


def nothing_is_stored() -> bool:
    return not Connection.objects.exists() and not Account.objects.exists()


def rules_version(workspace: Workspace) -> int:
    return Workspace.objects.get(pk=workspace.pk).rules_version


def test_a_good_draft_is_stored_checked_and_its_account_read(draft, sandbox):
    saved = save_connection(draft(api_url=f" {sandbox.url}/api/3/ "), by="ada", now=NOW)

    stored = Connection.objects.select_related("account").get()
    assert stored == saved.connection
    assert (stored.name, stored.created_by, stored.active) == ("Acme AC", "ada", True)
    assert stored.metadata == {"api_url": sandbox.url}
    assert stored.account.key == sandbox.url.removeprefix("http://")
    assert secrets_of(stored) == {"api_key": SANDBOX_KEY}
    assert len(stored.secret_fingerprint) == 8
    assert (stored.secret_changed_at, stored.checked_at) == (NOW, NOW)
    assert stored.last_check["ok"] is True
    assert (stored.last_check["tags"], stored.last_check["lists"]) == (5, 3)
    assert saved.check.message.startswith("Connected to 127.0.0.1")
    assert saved.catalog_error == ""
    assert CatalogEntry.objects.filter(account=stored.account).count() == 12


def test_the_key_is_not_in_any_column(saved):
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM connections_connection")
        assert SANDBOX_KEY not in str(cursor.fetchall())
        cursor.execute("SELECT * FROM connections_historicalconnection")
        assert SANDBOX_KEY not in str(cursor.fetchall())


def test_the_history_says_who_saved(draft, saved):
    save(draft(name="Renamed"), connection=saved, by="grace")

    reasons = saved.history.order_by("history_date").values_list("history_change_reason", "name")
    assert list(reasons) == [("ada", "Acme AC"), ("grace", "Renamed")]


@pytest.mark.parametrize(
    ("over", "field", "words"),
    [
        ({"name": "Ümlaut"}, "name", "Use 1 to 128 letters"),
        ({"name": ""}, "name", "Use 1 to 128 letters"),
        ({"kind": "carrier_pigeon"}, "kind", "This destination does not exist"),
        ({"api_url": ""}, "api_url", "Enter the API URL."),
        ({"api_url": 7}, "api_url", "API URL must be a text"),
        ({"api_url": "x" * 2001}, "api_url", "at most 2000 characters"),
        ({"api_url": "https://a.example/admin/"}, "api_url", "no path other than"),
        ({"api_key": ""}, "api_key", "Enter the API Key."),
        ({"api_key": None}, "api_key", "Enter the API Key."),
        ({"api_key": "••••••••"}, "api_key", "Enter the API Key."),
        ({"api_key": "kéy"}, "api_key", "characters that cannot be sent"),
        ({"values": {"api_key": "k", "url": "u"}}, "url", "has no field of this name"),
    ],
)
def test_a_bad_value_is_named_and_nothing_is_called_or_stored(draft, sandbox, over, field, words):
    errors = refused(refusals.InvalidDraft, draft(**over))

    assert words in errors[field]
    assert sandbox.state.requests == []
    assert nothing_is_stored()


def test_every_bad_value_is_named_at_once(draft):
    errors = refused(refusals.InvalidDraft, draft(name="", api_url="", api_key=""))

    assert list(errors) == ["name", "api_url", "api_key"]


@pytest.mark.parametrize("answer", ["empty", "json", "login_page"])
def test_a_wrong_key_is_refused_in_words_and_nothing_is_stored(draft, sandbox, answer):
    sandbox.configure(wrong_key=answer)

    errors = refused(refusals.Refused, draft(api_key="canary-wrong-key"))

    assert "key" in errors[""]
    assert "canary" not in errors[""]
    assert nothing_is_stored()


def test_an_unpaid_account_is_refused(draft, sandbox):
    sandbox.faults.set("payment_required")

    errors = refused(refusals.Refused, draft())

    assert errors == {"": "The ActiveCampaign account is unpaid; its owner must settle the bill."}
    assert nothing_is_stored()


def test_a_private_address_is_refused_without_the_development_switch(draft, settings):
    settings.DESTINATIONS_ALLOW_PRIVATE = False

    errors = refused(refusals.InvalidDraft, draft(api_url="https://127.0.0.1"))

    assert errors == {"api_url": "The API URL points to a private or reserved address."}
    assert nothing_is_stored()


def test_saving_unchecked_does_not_store_a_wrong_key(draft):
    refused(refusals.Refused, draft(api_key="wrong", save_unchecked=True))

    assert nothing_is_stored()


def test_a_destination_that_is_down_is_explained_and_nothing_is_stored(draft, sandbox):
    sandbox.faults.set("server_error", status=502)

    errors = refused(refusals.NotConfirmed, draft())

    assert errors == {"": "ActiveCampaign has a problem of its own. Try again in a few minutes."}
    assert nothing_is_stored()


def test_it_can_be_saved_unchecked_while_the_destination_is_down(draft, sandbox):
    sandbox.faults.set("server_error", status=502)

    stored = save(draft(save_unchecked=True))

    assert stored.active is True
    assert stored.last_check["ok"] is False
    assert not is_verified(stored)
    assert not CatalogEntry.objects.exists()


def test_a_name_is_unique_among_the_live_connections_of_a_workspace(draft, saved, sandbox):
    before = len(sandbox.state.requests)

    errors = refused(refusals.NameTaken, draft())

    assert list(errors) == ["name"]
    assert len(sandbox.state.requests) == before
    assert Connection.objects.count() == 1


def test_another_workspace_and_a_deleted_connection_leave_the_name_free(draft, saved):
    save(draft(workspace=make_workspace()))
    delete_connection(saved, by="ada", now=NOW)

    assert save(draft()).name == saved.name


def test_two_connections_to_one_address_share_the_account(draft, saved, sandbox):
    other = save(draft(name="Second", api_url=f"{sandbox.url}/api/3"))

    assert other.account_id == saved.account_id
    assert Account.objects.count() == 1


@pytest.mark.parametrize("blank", ["", "  ", None, "••••••••"])
def test_an_empty_key_keeps_the_stored_one(draft, saved, blank):
    edited = save(draft(name="Renamed", api_key=blank), connection=saved)

    assert edited.name == "Renamed"
    assert secrets_of(edited) == {"api_key": SANDBOX_KEY}
    assert edited.secret_changed_at == saved.secret_changed_at


def test_a_new_key_replaces_the_stored_one_and_moves_the_fingerprint(draft, saved, sandbox):
    sandbox.default.key = "another-key"

    edited = save(draft(api_key="another-key"), connection=saved)

    assert secrets_of(edited) == {"api_key": "another-key"}
    assert edited.secret_fingerprint != saved.secret_fingerprint
    assert edited.secret_changed_at > saved.secret_changed_at


def test_a_refused_edit_leaves_the_stored_connection_alone(draft, saved):
    before = Connection.objects.filter(pk=saved.pk).values().get()

    refused(refusals.Refused, draft(name="Renamed", api_key="wrong"), connection=saved)

    assert Connection.objects.filter(pk=saved.pk).values().get() == before


def test_a_stored_key_is_not_sent_to_a_new_address(draft, saved, elsewhere):

    errors = refused(
        refusals.InvalidDraft,
        draft(api_url=elsewhere.url, api_key=""),
        connection=saved,
    )

    assert "only ever sent to the address" in errors["api_key"]
    assert elsewhere.state.requests == []


def test_a_key_that_cannot_be_opened_must_be_entered_again(draft, saved):
    Connection.objects.update(secrets=Sealed("sealed-with-a-lost-key"))

    saved.refresh_from_db()

    assert list(refused(refusals.InvalidDraft, draft(api_key=""), connection=saved)) == ["api_key"]
    assert secrets_of(save(draft(), connection=saved)) == {"api_key": SANDBOX_KEY}


def test_the_destination_of_a_connection_is_fixed(draft, saved):
    errors = refused(refusals.InvalidDraft, draft(kind="webhook"), connection=saved)

    assert list(errors) == ["kind"]


@pytest.mark.parametrize("depends", ["rule", "deleted rule", "mapping"])
def test_a_connection_that_rules_depend_on_stays_with_its_account(draft, saved, elsewhere, depends):
    if depends == "mapping":
        make_mapping(saved, generated=False)
    else:
        rule = make_rule(connection=saved)
        rule.deleted_at = NOW if depends == "deleted rule" else None
        rule.save()

    moved = draft(api_url=elsewhere.url, api_key=elsewhere.key)
    errors = refused(refusals.AnotherAccount, moved, connection=saved)

    assert "Make a new connection" in errors["api_url"]
    assert elsewhere.state.requests == []


def test_an_unused_connection_may_move_and_matching_sees_it(draft, saved, elsewhere):
    before = rules_version(saved.workspace)

    moved = save(draft(api_url=elsewhere.url, api_key=elsewhere.key), connection=saved)

    assert moved.account_id != saved.account_id
    assert rules_version(saved.workspace) == before + 1


def test_a_rename_is_nothing_that_matching_sees(draft, saved):
    before = rules_version(saved.workspace)

    save(draft(name="Renamed"), connection=saved)

    assert rules_version(saved.workspace) == before


def test_an_edit_of_a_row_that_changed_meanwhile_is_refused(draft, saved):
    Connection.objects.filter(pk=saved.pk).update(name="By somebody else")

    refused(refusals.ChangedMeanwhile, draft(name="Mine"), connection=saved)

    assert Connection.objects.get().name == "By somebody else"


def test_working_credentials_switch_it_on_again_but_not_what_a_person_switched_off(draft, saved):
    Connection.objects.update(active=False, inactive_reason="authentication_invalid")
    saved.refresh_from_db()
    before = rules_version(saved.workspace)

    assert save(draft(), connection=saved).active is True
    assert rules_version(saved.workspace) == before + 1

    off = set_active(saved, False, by="ada", now=NOW)
    assert save(draft(), connection=off).active is False


def test_switching_by_hand_is_seen_by_matching_once(saved):
    before = rules_version(saved.workspace)

    set_active(saved, False, by="ada", now=NOW)
    set_active(saved, False, by="ada", now=NOW)

    stored = Connection.objects.get()
    assert (stored.active, stored.inactive_reason) == (False, "manually_inactivated")
    assert rules_version(saved.workspace) == before + 1
    assert set_active(saved, True, by="ada", now=NOW).inactive_reason == ""


def test_a_refused_key_cannot_be_switched_on_by_hand(saved):
    Connection.objects.update(active=False, inactive_reason="authentication_invalid")

    with pytest.raises(refusals.NeedsWorkingKey):
        set_active(saved, True, by="ada", now=NOW)

    assert Connection.objects.get().active is False


def test_deleting_marks_the_row_and_destroys_the_key(saved):
    before = rules_version(saved.workspace)

    delete_connection(saved, by="grace", now=NOW)

    stored = Connection.objects.get()
    assert (stored.deleted_at, stored.active, stored.secrets) == (NOW, False, Sealed(""))
    assert stored.history.first().history_change_reason == "grace"
    assert rules_version(saved.workspace) == before + 1


@pytest.mark.parametrize(("rules", "words"), [(1, "1 active rule uses"), (2, "2 active rules use")])
def test_active_rules_keep_their_connection(saved, rules, words):
    for number in range(rules):
        make_rule(connection=saved, target_id=str(number))
    before = rules_version(saved.workspace)

    with pytest.raises(refusals.InUse, match=words):
        delete_connection(saved, by="ada", now=NOW)

    assert Connection.objects.get().deleted_at is None
    assert rules_version(saved.workspace) == before


def test_force_and_switched_off_rules_do_not_keep_it(saved):
    make_rule(connection=saved, active=False)
    delete_connection(saved, by="ada", now=NOW)
    other = make_connection()
    make_rule(connection=other)

    assert delete_connection(other, by="ada", now=NOW, force=True).deleted_at == NOW


def test_the_calls_of_a_save_stay_within_the_accounts_rate(draft, sandbox, settings):
    settings.THROTTLE_ACCOUNT_PER_SECOND = 5.0
    sandbox.configure(rate_per_second=5.0)

    save(draft())

    assert [each.status for each in sandbox.state.requests] == [200] * 6


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_during_a_call(draft, saved):
    open_ones = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "next_slot" in sql and "RETURNING" in sql:
            open_ones.append(database.in_atomic_block)
        return execute(sql, params, many, context)

    with database.execute_wrapper(watch):
        save(draft(name="Renamed"), connection=saved)

    assert open_ones
    assert not any(open_ones)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_save_the_same_name_at_once_make_one_connection(draft):
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            save(draft())
            outcomes.append("saved")
        except refusals.NameTaken:
            outcomes.append("taken")
        finally:
            database.close()

    people = [threading.Thread(target=attempt) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=30)

    assert sorted(outcomes) == ["saved", "taken", "taken", "taken"]
    assert Account.objects.count() == 1


def test_the_moment_of_saving_is_passed_in(draft):
    early = NOW - timedelta(days=1)

    assert save(draft(), now=early).account.catalog_refreshed_at == early
