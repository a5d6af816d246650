"""Exporting and importing rules on the pages: download, review, choices, rights."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from connections.models import Connection
from meshes.models import Membership
from rules.models import Rule
from tests.builders import make_account, make_catalog, make_connection, make_rule, make_workspace
from tests.rules.test_admin import person

pytestmark = pytest.mark.django_db
EXPORT, IMPORT = "/admin/rules/rule/export/", "/admin/rules/rule/import/"
RIGHTS = ("add_rule", "change_rule", "view_rule")


@pytest.fixture
def here() -> Connection:
    connection = make_connection(name="Acme AC", workspace=make_workspace(name="Production"))
    make_catalog(connection.account)
    for step in ("1", "2"):
        make_rule(
            connection=connection, name=f"Step {step}", sequence_step=step, resource_id="setup"
        )
    return connection


@pytest.fixture
def there() -> Connection:
    account = make_account(key="other.api-us1.com")
    make_catalog(account, tags={"70": "another"})
    return make_connection(
        name="Acme AC", workspace=make_workspace(name="Staging"), account=account
    )


def exported(client: Client, connection: Connection, **more: str) -> bytes:
    answer = client.get(EXPORT, {"workspace": str(connection.workspace_id), **more})
    assert "attachment" in answer["Content-Disposition"]
    return bytes(answer.content)


def uploaded(client: Client, connection: Connection, raw: bytes) -> Any:
    file = SimpleUploadedFile("rules.json", raw)
    return client.post(IMPORT, {"workspace": str(connection.workspace_id), "file": file})


def answered(client: Client, page: Any, **more: Any) -> Any:
    told = page.context
    given = {"workspace": str(told["workspace"].pk), "text": told["text"]}
    given["rules_version"] = told["workspace"].rules_version
    return client.post(IMPORT, {**given, **more}, follow=True)


def test_rules_travel_from_one_workspace_to_another(
    staff: Client, here: Connection, there: Connection
) -> None:
    page = uploaded(staff, there, exported(staff, here))
    assert "Acme AC has no tag called “step-3-complete”." in page.content.decode()
    assert not Rule.objects.filter(workspace=there.workspace).exists()

    page = answered(staff, page, **{"target-0": "another", "look": ""})
    assert page.context["plan"].count("create") == 2
    done = answered(staff, page, **{"target-0": "another", "rule": ["0", "1"], "apply": "yes"})

    assert "Imported: 2 created, 0 changed." in done.content.decode()
    rules = Rule.objects.filter(workspace=there.workspace)
    assert {(rule.name, rule.target_id) for rule in rules} == {("Step 1", "70"), ("Step 2", "70")}


def test_importing_the_same_again_changes_nothing(staff: Client, here: Connection) -> None:
    page = uploaded(staff, here, exported(staff, here))
    assert page.context["plan"].count("same") == 2
    assert not page.context["can_apply"]


def test_one_sequence_is_exported(staff: Client, here: Connection) -> None:
    make_rule(connection=here, name="Elsewhere", target_id="13")
    told = json.loads(exported(staff, here, sequence="setup"))
    assert [rule["name"] for rule in told["rules"]] == ["Step 1", "Step 2"]


def test_which_workspace_is_asked_where_there_are_several(
    staff: Client, here: Connection, there: Connection
) -> None:
    page = staff.get(EXPORT).content.decode()
    assert "Production" in page
    assert "Staging" in page


def test_a_file_that_cannot_be_read_is_told_at_its_input(staff: Client, here: Connection) -> None:
    page = uploaded(staff, here, b"nothing")
    assert "The file is no JSON" in page.content.decode()
    assert Rule.objects.count() == 2


def test_a_review_that_is_out_of_date_is_shown_again(staff: Client, here: Connection) -> None:
    raw = exported(staff, here).replace(b"Step 2", b"Step two")
    page = uploaded(staff, here, raw)
    make_rule(connection=here, name="Meanwhile", target_id="13")

    again = answered(staff, page, rule=["1"], apply="yes")

    assert "Somebody changed the rules meanwhile" in again.content.decode()
    assert not Rule.objects.filter(name="Step two").exists()


def test_a_tampered_review_goes_back_to_the_start(staff: Client, here: Connection) -> None:
    given = {"text": "{", "workspace": str(here.workspace_id), "rules_version": "1", "apply": "yes"}
    page = staff.post(IMPORT, given, follow=True)
    assert "Choose the file and the workspace again." in page.content.decode()


def test_a_names_markup_is_shown_as_text(staff: Client, here: Connection) -> None:
    page = uploaded(staff, here, exported(staff, here).replace(b"Step 2", b"<b>x</textarea>"))
    assert "<b>x" not in page.content.decode()


def test_only_visible_workspaces_are_read_and_written(here: Connection, there: Connection) -> None:
    client = person(*RIGHTS)
    member = Membership.objects.create(user=User.objects.get(username="kim"))
    member.workspaces.add(here.workspace)
    raw = exported(client, here)

    page = client.get(EXPORT, {"workspace": str(there.workspace_id)})
    assert "Staging" not in page.content.decode()
    refused = uploaded(client, there, raw)
    assert "errorlist" in refused.content.decode()
    given = {"text": raw.decode(), "workspace": str(there.workspace_id), "rules_version": "0"}
    client.post(IMPORT, {**given, "rule": ["0"], "apply": "yes"})
    assert not Rule.objects.filter(workspace=there.workspace).exists()


def test_who_may_only_look_may_export_but_not_import(here: Connection) -> None:
    client = person("view_rule")
    assert exported(client, here)
    assert client.get(IMPORT).status_code == 403
    assert client.post(IMPORT).status_code == 403
    assert person_without_rights().get(EXPORT).status_code == 403


def person_without_rights() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    return client


def test_importing_needs_a_token(admin_user: User, here: Connection) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(IMPORT, {"text": "{}"}).status_code == 403
