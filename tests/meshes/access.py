"""Every address of the admin, with a row behind it, and people of each role who open it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from deliveries import erasing
from deliveries.books import check_books
from deliveries.models import Alert, BackgroundJob, PayloadLook, Trial
from meshes.admin_buttons import ButtonsMixin
from meshes.keys import create_key, create_machine_key
from meshes.models import AlertContact, AuditEntry, Membership
from meshes.roles import give_roles
from rules.models import EventType, ResourceType
from tests.builders import (
    make_attempt,
    make_catalog,
    make_delivery,
    make_event,
    make_rule,
    make_workspace,
)
from tests.deliveries.hours import make_hour

ROLES = ("superuser", "lifecycle", "support", "nobody", "elsewhere")
# Django's own: they lead to other pages, or answer for other pages.
PLUMBING = {"login", "logout", "view_on_site", "app_list", "autocomplete", "jsi18n", "search"}

# Pages of a row of another table than the one they belong to.
ABOUT = {
    "rules_mappingversion_edit": "connection",
    "rules_mappingversion_all": "connection",
    "deliveries_mapping_preview": "connection",
}
# Without the row that they are asked about they answer 404 to those whom they serve.
NAMES_NOTHING = {"rules_rule_refresh"}
# What an address needs beside itself.
ASKED = {
    "deliveries_funnel_people": "?workspace={workspace}&event=page.completed&stage=completed"
    "&since=2026-01-05T00:00:00Z&until=2026-01-12T00:00:00Z",
    "rules_rule_targets": "?connection={connection}&action=add_tag",
    "rules_rule_seen": "?connection={connection}",
}


class Page(NamedTuple):
    """An address of the admin; `name` ends with the button's name where it is a button's."""

    name: str
    address: str


def names() -> set[str]:
    """The names of all pages that the admin has now."""
    return {name for pattern in _patterns() for name, _button in _with_buttons(pattern)}


def pages(rows: dict[Any, Any]) -> Iterator[Page]:
    """All pages, for these rows by their table."""
    for pattern in _patterns():
        for name, button in _with_buttons(pattern):
            address = reverse(f"admin:{pattern.name}", args=_args(pattern, button, rows))
            asked = ASKED.get(name, "").format(**{key: row.pk for key, row in rows.items()})
            yield Page(name, address + asked)


def open_for(client: Client, page: Page) -> bool:
    """Whether the person gets there: neither refused nor sent away as from a row not there."""
    answer = client.get(page.address, follow=True)
    if answer.status_code == 405:
        answer = client.post(page.address, follow=True)
    assert answer.status_code < 500, f"{page}: {answer.status_code}"
    away = {reverse("admin:index"), reverse("admin:login")}
    sent = {address.partition("?")[0] for address, _status in answer.redirect_chain}
    closed = {403} if page.name in NAMES_NOTHING else {403, 404}
    return answer.status_code not in closed and not sent & away


def people(workspace: Any) -> dict[str, Client]:
    """A signed-in browser for each role; one of Lifecycle is limited to another workspace."""
    give_roles()
    found = {"superuser": User.objects.create_superuser("superuser")}
    for name in ROLES[1:]:
        found[name] = User.objects.create_user(name, is_staff=True)
    for name, group in (("lifecycle", "Lifecycle"), ("support", "Support")):
        found[name].groups.add(Group.objects.get(name=group))
    found["elsewhere"].groups.add(Group.objects.get(name="Lifecycle"))
    limited = Membership.objects.create(user=found["elsewhere"])
    limited.workspaces.add(make_workspace(organization=workspace.organization))
    return {name: _signed_in(person) for name, person in found.items()}


def make_rows() -> dict[Any, Any]:
    """One row of every table that has pages, in one workspace."""
    now = timezone.now()
    rule = make_rule()
    workspace = rule.workspace
    workspace.organization.save()  # so that there is an edit to show
    make_catalog(rule.connection.account)
    delivery = make_delivery(make_event(workspace=workspace), rule, status="failed")
    make_attempt(delivery)
    create_key(workspace, name="Site", by="tests")
    create_machine_key(workspace.organization, name="Backend", by="tests")
    AlertContact.objects.create(workspace=workspace, email="ops@example.com")
    for table in (EventType, ResourceType):
        table.objects.create(workspace=workspace, key="page.completed", label="Page completed")
    BackgroundJob.objects.create(workspace=workspace, asked_by="tests", last_id=delivery.pk)
    told = {"kind": Alert.Kind.values[0], "key": "1", "raised_at": now, "last_at": now}
    Alert.objects.create(workspace=workspace, connection=rule.connection, rule=rule, **told)
    check_books(now)
    AuditEntry.objects.create(kind="added", by="tests", workspace=workspace)
    tried = {"rule": rule, "rule_version": rule.current, "asked_by": "tests"}
    sent = make_event(workspace=workspace, is_test=True)
    Trial.objects.create(workspace=workspace, event=sent, **tried)
    seen = {"event_uuid": delivery.event.uuid, "by": "tests", "by_id": 1}
    PayloadLook.objects.create(workspace=workspace, **seen)
    make_hour(workspace, now)
    erasing.ask("gone@example.com", workspace=workspace, by="tests", now=now)
    Membership.objects.create(user=User.objects.create_user("kim"))
    return {"workspace": workspace, "rule": rule, "connection": rule.connection}


def _patterns() -> Iterator[URLPattern]:
    roots = [each for each in get_resolver().url_patterns if str(each.pattern) == "admin/"]
    for pattern in _below(roots):
        if pattern.name and pattern.name not in PLUMBING:
            yield pattern


def _below(patterns: Any) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _below(pattern.url_patterns)
        else:
            yield pattern


def _with_buttons(pattern: URLPattern) -> Iterator[tuple[str, str]]:
    if not pattern.name.endswith("_button"):
        yield pattern.name, ""
        return
    page = admin.site._registry[_table(pattern)]
    assert isinstance(page, ButtonsMixin)
    for button in page.buttons:
        yield f"{pattern.name}:{button.name}", button.name


def _args(pattern: URLPattern, button: str, rows: dict[Any, Any]) -> list[Any]:
    if pattern.name.endswith("_simple_history"):
        row = _row(pattern, rows)
        return [row, _table(pattern).history.filter(id=row).first().pk]
    wanted = list(pattern.pattern.converters) or ["object_id"] * pattern.pattern.regex.groups
    known = {"name": button, "rule_id": rows["rule"].pk, "number": 1}
    if pattern.name in ABOUT:
        return [rows[ABOUT[pattern.name]].pk]
    return [known[name] if name in known else _row(pattern, rows) for name in wanted]


def _row(pattern: URLPattern, rows: dict[Any, Any]) -> Any:
    table = _table(pattern)
    made = (row for row in rows.values() if isinstance(row, table))
    row = next(made, None) or table._default_manager.order_by("pk").first()
    assert row is not None, f"make_rows() makes no row of {table}."
    return row.pk


def _table(pattern: URLPattern) -> Any:
    for table in admin.site._registry:
        if pattern.name.startswith(f"{table._meta.app_label}_{table._meta.model_name}_"):
            return table
    raise AssertionError(f"No table belongs to {pattern.name}; teach tests/meshes/access.py.")


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client
