"""The staff's pages on rules: what they show, save and refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from connections.models import CatalogEntry, Connection
from meshes.encryption import seal
from meshes.models import Membership
from rules.models import EventType, Rule, RuleVersion
from rules.saving import hold_rule, save_rule
from tests.builders import (
    API_KEY,
    make_account,
    make_catalog,
    make_catalog_entry,
    make_connection,
    make_rule,
    make_workspace,
)
from tests.rules.test_saving import NOW, RuleDraft, draft

__all__ = ["draft"]
pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/rules/rule/", "/admin/rules/rule/add/"
TARGETS, REFRESH = "/admin/rules/rule/targets/", "/admin/rules/rule/targets/refresh/"


@pytest.fixture
def connection() -> Connection:
    connection = make_connection(name="Acme AC", workspace=make_workspace(name="Production"))
    make_catalog(connection.account)
    return connection


def form(connection: Connection, /, **over: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "name": "Step 3 done",
        "event": "page.completed",
        "resource": "",
        "resource_id": "",
    }
    given |= {"page_id": "connect-crm", "sequence_step": "03", "action": "add_tag", "active": "on"}
    given |= {
        "target_label": "step-3-complete",
        "target_id": "12",
        "connection": str(connection.pk),
    }
    return {**given, **over}


def change_page(rule: Rule) -> str:
    return reverse("admin:rules_rule_change", args=[rule.pk])


def person(*codenames: str) -> Client:
    user = User.objects.create_user("kim", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def errors_of(page: Any) -> dict[str, list[str]]:
    return dict(page.context["adminform"].form.errors)


def test_the_list_says_rules_in_words(staff: Client, connection: Connection) -> None:
    asks = {"resource": "workspace-setup", "sequence_step": "3", "page_id": "page_connect-crm"}
    make_rule(connection=connection, name="Step 3 done", **asks)
    make_rule(connection=connection, name="Sync", action="sync_contact", target_id="", active=False)

    page = staff.get(LIST).content.decode()

    assert "page.completed · workspace-setup · step 3 · page_connect-crm" in page
    assert "add tag step-3-complete in Acme AC" in page
    assert "sync contact" in page
    assert ">Off<" in page


def test_the_list_costs_the_same_for_many_rules(
    staff: Client, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        other = make_connection(workspace=connection.workspace)
        make_rule(connection=other, page_id=str(number))

    with django_assert_max_num_queries(16):
        page = staff.get(LIST)

    assert page.content.decode().count("add tag step-3-complete in ") == 30


@pytest.mark.parametrize("query", ["?q=crm", "?active__exact=1", "?q=step-3"])
def test_the_list_is_searched_and_filtered(
    staff: Client, connection: Connection, query: str
) -> None:
    make_rule(connection=connection, name="Found", page_id="connect-crm")
    make_rule(connection=connection, name="Other", active=False, page_id="x", target_label="unlike")

    page = staff.get(LIST + query).content.decode()

    assert "Found" in page
    assert ">Other<" not in page


def test_a_new_rule_is_stored_with_its_author(staff: Client, connection: Connection) -> None:
    answer = staff.post(ADD, form(connection))

    rule = Rule.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert (rule.workspace, rule.created_by) == (connection.workspace, "admin")
    assert (rule.sequence_step, rule.target_id, rule.target_label) == ("3", "12", "step-3-complete")
    assert rule.history.get().history_user.username == "admin"


@pytest.mark.parametrize("typed", ["step-3-complete", "STEP-3-complete", "12"])
def test_without_a_script_the_name_or_id_is_typed(
    staff: Client, connection: Connection, typed: str
) -> None:
    staff.post(ADD, form(connection, target_label=typed, target_id=""))
    assert Rule.objects.get().target_id == "12"


def test_the_chosen_one_of_two_equal_names_is_meant(staff: Client, connection: Connection) -> None:
    make_catalog_entry(connection.account, external_id="99", label="step-3-complete")
    staff.post(ADD, form(connection, target_id="99"))
    assert Rule.objects.get().target_id == "99"


def test_typing_over_a_choice_counts(staff: Client, connection: Connection) -> None:
    staff.post(ADD, form(connection, target_label="step-2-complete", target_id="12"))
    assert Rule.objects.get().target_id == "13"


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"target_label": "nothing"}, "target_label"),
        ({"target_label": ""}, "target_label"),
        ({"action": "sync_contact"}, "target_label"),
        ({"action": "send_fax"}, "action"),
        ({"resource_id": "a b"}, "resource_id"),
        ({"sequence_step": "\x01"}, "sequence_step"),
        ({"name": ""}, "name"),
        ({"connection": "00000000-0000-0000-0000-000000000000"}, "connection"),
    ],
)
def test_a_refusal_stands_at_its_field_and_nothing_is_stored(
    staff: Client, connection: Connection, over: dict[str, str], field: str
) -> None:
    page = staff.post(ADD, form(connection, **over))

    assert (page.status_code, list(errors_of(page))) == (200, [field])
    assert (Rule.objects.count(), RuleVersion.objects.count()) == (0, 0)


def test_all_that_is_missing_is_told_at_once(staff: Client, connection: Connection) -> None:
    page = staff.post(ADD, form(connection, name="", target_label="", target_id=""))

    assert errors_of(page) == {
        "name": ["This field is required."],
        "target_label": ["Choose the tag."],
    }
    assert not Rule.objects.exists()


def test_what_is_wrong_stands_before_the_buttons(staff: Client, connection: Connection) -> None:
    rule = make_rule(connection=connection)
    at_rest = staff.get(change_page(rule)).content.decode()
    refused = staff.post(change_page(rule), form(connection, name="")).content.decode()

    button, note = "Send test event…", 'class="errornote'
    assert at_rest.count(button) == refused.count(button) == 1
    assert refused.index(note) < refused.index(button)


def test_a_twin_is_refused_above_the_form(staff: Client, connection: Connection) -> None:
    staff.post(ADD, form(connection))

    page = staff.post(ADD, form(connection, name="Again"))

    assert "“Step 3 done”" in errors_of(page)["__all__"][0]
    assert Rule.objects.count() == 1


def test_an_edit_appends_a_version_and_the_page_tells_its_story(
    staff: Client, connection: Connection
) -> None:
    staff.post(ADD, form(connection))
    rule = Rule.objects.get()

    staff.post(change_page(rule), form(connection, page_id="invite-team"))

    assert rule.versions.count() == 2
    page = staff.get(change_page(rule)).content.decode()
    assert "Edited: page “connect-crm” → “invite-team”" in page
    assert "Created" in page


def test_the_page_of_a_rule_shows_no_secret_and_costs_little(
    staff: Client, draft: RuleDraft, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rule = save_rule(None, draft=draft, by="rosa", now=NOW)
    hold_rule(rule, reason="tag_not_found", by="worker", now=NOW)

    with django_assert_max_num_queries(20):
        page = staff.get(change_page(rule)).content.decode()

    assert "On hold" in page
    assert "Default mapping, version 1, generated" in page
    assert API_KEY not in page


def test_a_row_without_a_version_can_be_looked_at(staff: Client, connection: Connection) -> None:
    rule = make_rule(connection=connection)
    Rule.objects.update(current=None)
    assert "None yet." in staff.get(change_page(rule)).content.decode()


def test_a_rule_with_a_lost_target_can_be_switched_off_on_its_page(
    staff: Client, connection: Connection
) -> None:
    staff.post(ADD, form(connection))
    rule = Rule.objects.get()
    CatalogEntry.objects.update(gone_at=NOW)

    refused = staff.post(change_page(rule), form(connection))
    staff.post(change_page(rule), {**form(connection), "active": ""})

    assert list(errors_of(refused)) == ["target_label"]
    rule.refresh_from_db()
    assert (rule.active, rule.target_id) == (False, "12")


def test_a_rule_that_was_deleted_meanwhile_is_not_found(
    staff: Client, connection: Connection
) -> None:
    rule = make_rule(connection=connection, deleted_at=NOW)
    assert staff.get(change_page(rule)).status_code == 302


def test_deleting_asks_and_then_marks_the_rule(staff: Client, connection: Connection) -> None:
    staff.post(ADD, form(connection))
    rule = Rule.objects.get()
    page = reverse("admin:rules_rule_delete", args=[rule.pk])

    assert "still wait are canceled. Its history stays" in staff.get(page).content.decode()
    assert Rule.objects.get().deleted_at is None
    staff.post(page, {"post": "yes"})

    rule.refresh_from_db()
    assert rule.deleted_at is not None
    assert list(rule.versions.values_list("change", flat=True).order_by("number")) == [
        "created",
        "deleted",
    ]


def test_rules_cannot_be_deleted_in_bulk(staff: Client, connection: Connection) -> None:
    rule = make_rule(connection=connection)
    staff.post(LIST, {"action": "delete_selected", "_selected_action": rule.pk, "post": "yes"})
    rule.refresh_from_db()
    assert rule.deleted_at is None


def test_only_connections_that_a_person_may_see_are_offered(connection: Connection) -> None:
    elsewhere = make_connection(name="Elsewhere", workspace=make_workspace(name="Secret"))
    other = make_rule(connection=elsewhere)
    client = person("add_rule", "change_rule", "view_rule")
    membership = Membership.objects.create(user=User.objects.get(username="kim"))
    membership.workspaces.add(connection.workspace)

    page = client.get(ADD).content.decode()

    assert "Acme AC — Production" in page
    assert "Elsewhere" not in page
    assert client.get(change_page(other)).status_code == 302
    query = {"connection": str(elsewhere.pk), "action": "add_tag"}
    assert client.get(TARGETS, query).status_code == 404


def test_the_search_reaches_every_tag(staff: Client, connection: Connection) -> None:
    for number in range(120):
        make_catalog_entry(connection.account, external_id=str(500 + number), label=f"t {number}")
    query = {"connection": str(connection.pk), "action": "add_tag"}

    everything = staff.get(TARGETS, {**query, "q": ""}).json()
    last = staff.get(TARGETS, {**query, "q": " T 119"}).json()

    assert (len(everything["targets"]), everything["more"]) == (50, True)
    assert last == {"targets": [{"id": "619", "label": "t 119"}], "more": False}


@pytest.mark.parametrize(
    ("action", "found"), [("add_to_list", ["3"]), ("sync_contact", []), ("", [])]
)
def test_the_search_follows_the_action(
    staff: Client, connection: Connection, action: str, found: list[str]
) -> None:
    answer = staff.get(TARGETS, {"connection": str(connection.pk), "action": action}).json()
    assert [target["id"] for target in answer["targets"]] == found


@pytest.mark.parametrize("pk", ["", "no-uuid", "00000000-0000-0000-0000-000000000000"])
def test_the_search_of_an_unknown_connection_is_not_found(staff: Client, pk: str) -> None:
    assert staff.get(TARGETS, {"connection": pk, "action": "add_tag"}).status_code == 404


def test_who_may_only_look_may_not_search_or_refresh(connection: Connection) -> None:
    client = person("view_rule")
    query = {"connection": str(connection.pk), "action": "add_tag"}
    assert client.get(TARGETS, query).status_code == 403
    assert client.post(REFRESH, query).status_code == 403
    assert client.get(change_page(make_rule(connection=connection))).status_code == 200


def test_strangers_are_sent_to_the_sign_in_page(client: Client) -> None:
    assert "/admin/login/" in client.get(TARGETS)["Location"]


def test_refreshing_is_a_post_with_a_token(admin_user: User, connection: Connection) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.get(REFRESH, {"connection": str(connection.pk)}).status_code == 405
    assert client.post(REFRESH, {"connection": str(connection.pk)}).status_code == 403


@pytest.mark.parametrize(("right", "ok"), [(True, True), (False, False)])
def test_refreshing_reads_the_account_and_says_what_came(
    staff: Client, sandbox: Any, right: bool, ok: bool
) -> None:
    sandbox.state.add_tag("brand-new")
    key = sandbox.key if right else "wrong"
    connection = make_connection(
        account=make_account(key=sandbox.url),
        metadata={"api_url": sandbox.url},
        secrets=seal(json.dumps({"api_key": key})),
    )

    answer = staff.post(REFRESH, {"connection": str(connection.pk)}).json()

    assert (answer["ok"], answer["message"][-1]) == (ok, ".")
    assert CatalogEntry.objects.filter(label="brand-new").exists() is ok
    assert key not in answer["message"]


@pytest.mark.parametrize("table", ["eventtype", "resourcetype"])
def test_events_and_resources_are_kept_by_workspace(
    staff: Client, connection: Connection, table: str
) -> None:
    row = {"workspace": connection.workspace_id, "key": "page.completed", "label": "Page completed"}

    answer = staff.post(f"/admin/rules/{table}/add/", {**row, "description": "", "active": "on"})

    assert answer.status_code == 302
    assert "Page completed" in staff.get(f"/admin/rules/{table}/").content.decode()


def test_an_event_type_names_its_author(staff: Client, connection: Connection) -> None:
    row = {"workspace": connection.workspace_id, "key": "a", "label": "A", "active": "on"}
    staff.post("/admin/rules/eventtype/add/", row)
    assert EventType.objects.get(key="a", workspace=connection.workspace).created_by == "admin"
