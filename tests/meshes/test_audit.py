"""Whoever changes something is named in the audit: by form, by button, by key, by command."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.urls import get_resolver, reverse

from deliveries.models import BackgroundJob, Delivery
from meshes import audit
from meshes.admin_auditing import AuditedMixin
from meshes.api_views import ApiView
from meshes.audit import Kind
from meshes.keys import create_key
from meshes.models import AuditEntry, MachineKey, Membership, PublishableKey, Workspace
from tests.builders import make_event, make_organization, make_workspace
from tests.contract.machine import make_machine
from tests.meshes.access import make_rows, pages, people

pytestmark = pytest.mark.django_db
# Buttons that do nothing to the rows of make_rows(), each with the reason.
REFUSED_HERE = {
    "connections_connection_button:test",  # nothing may be called from here
    "connections_connection_button:refresh",
    "deliveries_delivery_button:verify",
    "deliveries_trial_button:clean-up",  # its event was never delivered
}
# Pages that change something by a form of their own; tests of each stand beside it.
OWN_FORMS = {
    "deliveries_backgroundjob_backfill",
    "deliveries_backgroundjob_replay",
    "deliveries_erasure_ask",
    "deliveries_trial_new",
    "rules_mappingversion_edit",
    "rules_rule_back_to",
    "rules_rule_import",
    "rules_rule_refresh",
}
# Pages that show or reckon and change nothing, whatever is sent to them.
LOOKING = {
    "deliveries_delivery_person",
    "deliveries_event_people",
    "deliveries_event_person",
    "deliveries_funnel_people",
    "deliveries_mapping_preview",
    "deliveries_radar",
    "deliveries_silence",
    "deliveries_trial_stages",
    "index",
    "rules_mappingversion_all",
    "rules_rule_ask",
    "rules_rule_dry-run",
    "rules_rule_export",
    "rules_rule_paste",
    "rules_rule_seen",
    "rules_rule_targets",
}
USUAL = ("_add", "_change", "_changelist", "_delete", "_history", "_simple_history")
PASSWORDS = {"password_change", "password_change_done", "auth_user_password_change"}


def entries(**which: Any) -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.filter(**which).exclude(kind=Kind.SIGN_IN).order_by("id")
    return list(rows.values_list("kind", "by", "said"))


def test_every_page_that_may_change_something_is_known_to_be_audited() -> None:
    rows = make_rows()
    names = {page.name for page in pages(rows) if ":" not in page.name}
    names = {name for name in names if not name.endswith(USUAL)} - PASSWORDS

    unknown = names - OWN_FORMS - LOOKING
    gone = (OWN_FORMS | LOOKING) - names
    assert not unknown, f"Do these change anything? Note it in the audit and list them: {unknown}"
    assert not gone


def test_every_table_of_the_admin_audits_its_forms() -> None:
    unaudited = [
        t for t, page in admin.site._registry.items() if not isinstance(page, AuditedMixin)
    ]

    assert unaudited == []


def test_every_button_names_whoever_pressed_it(settings) -> None:
    rows = make_rows()
    browser = people(rows["workspace"])["superuser"]
    silent, given = set(), {"name": "New", "basis": BackgroundJob.Basis.WAS}

    for page in pages(rows):
        if ":" in page.name:
            before = AuditEntry.objects.filter(kind=Kind.PRESSED, by="superuser").count()
            browser.get(page.address)
            answer = browser.post(page.address, given, follow=True)
            assert answer.status_code == 200, page
            after = AuditEntry.objects.filter(kind=Kind.PRESSED, by="superuser").count()
            refused = "no longer applies" in answer.content.decode()
            silent |= {page.name} if after == before and not refused else set()

    assert silent <= REFUSED_HERE


def test_forms_of_configuration_and_of_access_name_the_person_and_the_fields(staff) -> None:
    key = create_key(make_workspace(), name="Site", by="t")
    address = reverse("admin:meshes_publishablekey_change", args=[key.pk])
    given = {"name": "Shop", "events_burst": "200"}
    staff.post(address, {**given, "allowed_origins": "", "allowed_events": ""})
    staff.post(reverse("admin:auth_group_add"), {"name": "Night shift"})
    group = Group.objects.get(name="Night shift")
    kim = User.objects.create_user("kim")
    user = {"username": "kim", "is_staff": "on", "is_active": "on", "groups": [group.pk]}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    staff.post(reverse("admin:auth_user_change", args=[kim.pk]), {**user, **joined})
    member = {"user": kim.pk, "workspaces": [key.workspace_id], "time_zone": "UTC"}
    staff.post(reverse("admin:meshes_membership_add"), member)
    staff.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})

    assert entries(row_id=str(key.pk)) == [("changed", "admin", "Changed Name and Events at once.")]
    assert ("added", "admin", "") in entries(row_id=str(group.pk), about="auth.group")
    assert ("deleted", "admin", "") in entries(row_id=str(group.pk), about="auth.group")
    said = AuditEntry.objects.get(kind="changed", about="auth.user").said
    assert "Groups" in said
    assert entries(row_id=str(Membership.objects.get().pk)) == [("added", "admin", "")]


def test_what_is_made_by_commands_names_the_command() -> None:
    make_organization()
    call_command("createworkspace", "Staging", stdout=StringIO())
    call_command("createmachinekey", "Backend", stdout=StringIO())

    workspace, key = Workspace.objects.get(), MachineKey.objects.get()
    assert entries(row_id=str(workspace.pk)) == [("command", "command: createworkspace", "")]
    assert entries(row_id=str(key.pk)) == [("command", "command: createmachinekey", "")]


def test_every_address_of_the_api_that_changes_something_is_audited() -> None:
    def views(patterns: Any) -> Any:
        for pattern in patterns:
            yield from (
                views(pattern.url_patterns)
                if hasattr(pattern, "url_patterns")
                else (getattr(pattern.callback, "cls", None),)
            )

    found = {view for view in views(get_resolver().url_patterns) if view is not None}
    ours = {view for view in found if issubclass(view, ApiView)}
    changing = {v for v in found if any(hasattr(v, m) for m in ("post", "put", "patch", "delete"))}

    assert changing <= ours
    assert {view.__name__ for view in changing if not view.audited} == {
        "EventsView",
        "BulkEventsView",
    }


def test_a_change_through_the_api_names_its_key_and_a_refused_one_nobody() -> None:
    machine = make_machine()
    workspace = make_workspace(organization=machine.key.organization)
    path = f"/api/v1/workspaces/{workspace.pk}"

    machine.ask("PUT", path, {"name": "Renamed"})
    assert machine.call("PUT", path, {"name": "!"}).status_code >= 400
    machine.ask("GET", path)

    assert entries(kind=Kind.API) == [("api", f"machine key: {machine.key.name}", f"PUT {path}")]


def test_what_came_with_a_payload_and_addresses_are_not_repeated(staff) -> None:
    event = make_event(page_title="canary title", payload={"email": "canary@example.com"})
    contact = {"workspace": event.workspace_id, "email": "canary@example.com"}

    staff.get(reverse("admin:deliveries_event_change", args=[event.pk]) + "?payload")
    staff.post(reverse("admin:meshes_alertcontact_add"), contact)

    rows = AuditEntry.objects.exclude(kind=Kind.SIGN_IN).order_by("id")
    assert list(rows.values_list("kind", "row")) == [("looked", "page.completed"), ("added", "")]
    assert "canary" not in str(list(rows.values()))


def test_a_refused_form_leaves_no_entry(staff) -> None:
    key = create_key(make_workspace(), name="Site", by="t")

    staff.post(reverse("admin:meshes_publishablekey_change", args=[key.pk]), {"name": ""})

    assert entries() == []
    assert PublishableKey.objects.get().name == "Site"


def test_the_list_is_searched_by_whole_name_and_narrowed_by_kind(staff) -> None:
    workspace = make_workspace()
    for name in ("kim", "kimberly"):
        audit.note(Kind.ADDED, by=audit.Actor(name), about=workspace)
    audit.note(Kind.DELETED, by=audit.Actor("kim"), about=workspace)
    page = reverse("admin:meshes_auditentry_changelist")

    def shown(query: str) -> list[str]:
        rows = staff.get(page + query).context["cl"].result_list
        return [f"{row.kind} {row.by}" for row in rows]

    assert shown("?q=kim") == ["deleted kim", "added kim"]
    assert shown("?q=kim&kind=added") == ["added kim"]
    assert shown("?kind=deleted") == ["deleted kim"]
    assert len(shown(f"?q={workspace.pk}")) == 3
    assert shown("?since=2099-01-01") == []


def test_the_list_says_each_thing_once_and_tells_rows_of_one_name_apart(staff) -> None:
    rows = make_rows()
    delivery = Delivery.objects.get()
    for kind, row, said in (
        (Kind.PRESSED, delivery, "Replay"),
        (Kind.CHANGED, rows["rule"], "No fields changed."),
        (Kind.CHANGED, rows["rule"], "Changed Name."),
        (Kind.LOOKED, delivery.event, ""),
    ):
        audit.note(kind, by=audit.Actor("kim"), about=row, said=said)
    cells = re.findall(
        r"field-(?:what|row_it_is_about)[^>]*>(?:<a [^>]*>)?([^<]*)",
        staff.get(reverse("admin:meshes_auditentry_changelist")).content.decode(),
    )

    told = [" ".join(each.split()) for each in cells]
    assert f"Delivery of page.completed ({delivery.pk})" in told
    assert f"Event page.completed ({delivery.event_id})" in told
    assert {"Replay", "Saved, with nothing changed", "Changed Name."} <= set(told)


def test_people_who_see_some_workspaces_read_of_those_alone() -> None:
    rows = make_rows()
    browsers = people(rows["workspace"])
    page = reverse("admin:meshes_auditentry_changelist")
    elsewhere = User.objects.get(username="elsewhere")
    elsewhere.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    audit.note(Kind.ADDED, by=audit.Actor("kim"), about=rows["rule"])

    found = browsers["elsewhere"].get(page).context["cl"].result_list

    assert AuditEntry.objects.filter(workspace=rows["workspace"], by="kim").exists()
    assert found == []
