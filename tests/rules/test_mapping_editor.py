"""The pages of field mappings: edited, saved as versions, compared, restored."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections.models import Connection
from meshes.models import Membership
from rules.mapping import generated_schema
from rules.mapping_editing import NO_EMAIL
from rules.models import MappingVersion
from tests.builders import make_catalog, make_connection, make_mapping, make_rule, make_workspace

pytestmark = pytest.mark.django_db
CEILING = 30


@pytest.fixture
def connection() -> Connection:
    """A connection with a field of its account, a rule and version 1 of its mapping."""
    rule = make_rule()
    make_catalog(rule.connection.account)
    return rule.connection


def edit_url(connection: Connection) -> str:
    return reverse("admin:rules_mappingversion_edit", args=[connection.pk])


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def typed(*rows: tuple[str, str], **over: str) -> dict[str, str]:
    """What the browser sends for rows of a field and a path."""
    sent = {"do": "save", "expected": "1", "name": "Default mapping", "notes": ""}
    for number, (dest, source) in enumerate((("email", "email"), *rows)):
        sent |= {f"row-{number}-dest": dest, f"row-{number}-source": source}
        sent |= {f"row-{number}-kind": "path", f"row-{number}-on_error": "skip_field"}
    return sent | over


def versions(connection: Connection) -> list[int]:
    return sorted(connection.mappings.values_list("version", flat=True))


def person(client: Any, *names: str, **membership: Any) -> User:
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    if membership:
        Membership.objects.create(user=user).workspaces.set(membership["workspaces"])
    client.force_login(user)
    return user


def test_the_editor_shows_the_stored_rows_and_the_fields_of_the_account(staff, connection):
    shown = text(staff.get(edit_url(connection)))

    assert '<option value="firstName" selected>First name</option>' in shown
    assert '<option value="7">Plan (text)</option>' in shown
    assert "1 rule uses this mapping." in shown
    assert "Save as version 2" in shown


def test_opening_the_editor_stores_nothing(staff):
    fresh = make_connection()

    answer = staff.get(edit_url(fresh))

    assert answer.status_code == 200
    assert versions(fresh) == []


def test_saving_makes_a_version_that_the_rules_use(staff, connection, admin_user):
    answer = staff.post(edit_url(connection), typed(("7", "user.plan")), follow=True)

    made = MappingVersion.objects.get(version=2)
    rule = connection.rules.get()
    assert "Saved as version 2. Rules use it from now on." in text(answer)
    assert made.schema["fields"][1] == {
        "dest": "7",
        "source": {"type": "path", "value": "user.plan"},
    }
    assert (made.created_by, rule.current.mapping_id) == (admin_user.username, made.pk)


def test_a_faulty_row_keeps_all_that_was_typed_and_stores_nothing(staff, connection):
    answer = staff.post(edit_url(connection), typed(("phone", "user name"), ("99", "x")))

    shown = text(answer)
    assert "Name the payload&#x27;s key, such as" in shown
    assert "The account has no such field. Refresh its fields, or choose another." in shown
    assert 'value="user name"' in shown
    assert "Field 99, no longer in the account" in shown
    assert versions(connection) == [1]


def test_a_mapping_without_an_email_is_not_saved(staff, connection):
    answer = staff.post(edit_url(connection), typed(**{"row-0-dest": "phone"}))

    assert NO_EMAIL in text(answer)
    assert versions(connection) == [1]


def test_saving_what_is_stored_makes_no_version(staff, connection):
    staff.post(edit_url(connection), typed(("7", "plan")))

    answer = staff.post(edit_url(connection), typed(("7", "plan"), expected="2"), follow=True)

    assert "Nothing was changed, so no new version was made." in text(answer)
    assert versions(connection) == [1, 2]


def test_a_save_after_somebody_elses_loses_nothing_and_shows_theirs(staff, connection):
    make_mapping(connection, created_by="ada", schema=typed_schema(("phone", "mobile")))

    answer = staff.post(edit_url(connection), typed(("7", "plan")))

    shown = text(answer)
    assert "Somebody saved this mapping while you were editing it" in shown
    assert "Version 2 was saved by ada" in shown
    assert "<strong>Phone</strong> was changed" in shown
    assert 'value="plan"' in shown
    assert '<input type="hidden" name="expected" value="2">' in shown
    assert versions(connection) == [1, 2]


def test_saving_once_more_after_somebody_else_goes_on_top(staff, connection):
    make_mapping(connection, created_by="ada")

    staff.post(edit_url(connection), typed(("7", "plan"), expected="2"))

    assert versions(connection) == [1, 2, 3]


def test_a_row_is_added_without_a_script_and_nothing_is_judged_yet(staff, connection):
    answer = staff.post(edit_url(connection), typed(("", "half"), do="add"))

    shown = text(answer)
    assert 'id="row-2-dest"' in shown
    assert 'value="half"' in shown
    assert "Not saved" not in shown
    assert versions(connection) == [1]


def test_an_older_version_is_opened_and_restored_by_saving(staff, connection):
    staff.post(edit_url(connection), typed(("7", "plan")))

    opened = text(staff.get(edit_url(connection), {"from": "1"}))

    assert "Version 1 is opened here" in opened
    assert 'value="first_name"' in opened
    assert versions(connection) == [1, 2]


def test_the_versions_say_what_changed(staff, connection):
    staff.post(edit_url(connection), typed(("7", "plan"), notes="For the winter"))

    shown = text(staff.get(reverse("admin:rules_mappingversion_all", args=[connection.pk])))

    assert "<strong>Plan</strong> was added" in shown
    assert "<strong>First name</strong> was removed" in shown
    assert "The first version." in shown


def test_one_version_is_shown_in_words(staff, connection):
    version = MappingVersion.objects.get()

    shown = text(staff.get(reverse("admin:rules_mappingversion_change", args=[version.pk])))

    assert "<code>email</code>; Trim spaces, then Lower case" in shown
    assert "It is the one in use." in shown


def test_what_a_client_stored_beside_the_notes_stays(staff, connection):
    MappingVersion.objects.update(schema={**generated_schema(), "meta": {"name": "From the API"}})

    staff.post(edit_url(connection), typed(("7", "plan"), notes="Mine"))

    made = MappingVersion.objects.get(version=2)
    assert made.schema["meta"] == {"name": "From the API", "notes": "Mine"}


def test_a_person_who_may_only_look_reads_it_and_saves_nothing(client, connection):
    person(client, "view_mappingversion")

    shown = client.get(edit_url(connection))
    refused = client.post(edit_url(connection), typed(("7", "plan")))

    assert "What it fills" in text(shown)
    assert "Change the mapping" not in text(shown)
    assert (refused.status_code, versions(connection)) == (403, [1])


@pytest.mark.parametrize("page", ["edit", "all"])
def test_mappings_of_other_workspaces_are_not_found(client, connection, page):
    person(client, "add_mappingversion", workspaces=[make_workspace()])
    address = reverse(f"admin:rules_mappingversion_{page}", args=[connection.pk])
    version = reverse("admin:rules_mappingversion_change", args=[connection.mappings.get().pk])

    answers = [client.get(address), client.post(address, typed(("7", "x")))]
    answers.append(client.get(version, follow=False))

    assert [answer.status_code for answer in answers] == [404, 404, 302]
    assert versions(connection) == [1]


def test_nobody_without_the_permission_gets_there(client, connection):
    person(client, "view_rule")

    answer = client.get(edit_url(connection))

    assert answer.status_code == 403


def test_the_editor_asks_a_bounded_number_of_questions(staff, connection):
    fields = {str(number): f"Field {number}" for number in range(100, 160)}
    make_catalog(connection.account, fields=fields)
    rows = [(dest, "plan") for dest in fields]
    staff.post(edit_url(connection), typed(*rows))

    with CaptureQueriesContext(database) as queries:
        answer = staff.get(edit_url(connection))

    assert answer.content.decode().count("<fieldset") == 62
    assert len(queries) <= CEILING


def test_the_largest_mapping_can_be_sent(staff, connection):
    fields = {str(number): f"Field {number}" for number in range(100, 349)}
    make_catalog(connection.account, fields=fields)
    rows = [(dest, "plan") for dest in fields]
    steps = {
        f"row-{n}-step-{s}-{part}": ""
        for n in range(250)
        for s in range(2)
        for part in ("kind", "value")
    }

    answer = staff.post(edit_url(connection), typed(*rows, **steps))

    assert answer.status_code == 302
    assert len(MappingVersion.objects.get(version=2).schema["fields"]) == 250


def typed_schema(*rows: tuple[str, str]) -> dict[str, Any]:
    changed = dict(rows)
    schema = generated_schema()
    for entry in schema["fields"]:
        entry["source"]["value"] = changed.get(entry["dest"], entry["source"]["value"])
    return schema


def test_a_fault_names_its_input_and_marks_it_alone(staff, connection) -> None:
    shown = text(staff.post(edit_url(connection), typed(("phone", "a b"))))

    assert "<li>Key in the payload, or the value: Name the payload" in shown
    assert shown.count('aria-invalid="true"') == 1
    marked = shown.partition('id="row-1-source"')[2].partition(">")[0]
    assert 'aria-describedby="row-1-faults" aria-invalid="true"' in marked
