"""A workspace travels as a file: exported, imported elsewhere, the same again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from connections.drafts import ConnectionDraft
from connections.models import Account, Connection
from connections.saving import save_connection
from meshes.models import AlertContact, PublishableKey, Workspace
from meshes.workspaces import create_workspace
from rules.drafts import RuleDraft
from rules.mapping import generated_schema
from rules.mapping_versions import MappingDraft, current_mapping, save_mapping
from rules.models import EventType, ResourceType, Rule, RuleVersion
from rules.rule_metadata import SAID_BY_US
from rules.saving import save_rule
from tests.builders import API_URL, make_organization
from tests.conftest import SANDBOX_KEY

pytestmark = pytest.mark.django_db

CONTACT = "canary-operator@example.com"


@pytest.fixture
def here(sandbox) -> Connection:
    """A workspace with everything in it, connected to the sandbox."""
    organization = make_organization(name="Acme")
    workspace, _ = create_workspace("Staging", organization=organization, by="ada", description="S")
    EventType.objects.filter(key="contact.created").update(deleted_at=timezone.now())
    EventType.objects.create(workspace=workspace, key="lesson.done", label="Lesson", active=False)
    AlertContact.objects.create(workspace=workspace, email=CONTACT)
    connection = connected(workspace, sandbox)
    field = connection.account.catalog.filter(kind="field").first()
    schema = generated_schema()
    schema["fields"].append(
        {"dest": field.external_id, "source": {"type": "path", "value": "plan"}}
    )
    draft = MappingDraft(schema, name="Ours")
    save_mapping(connection, draft=draft, by="ada", now=timezone.now())
    for number, tag in enumerate(connection.account.catalog.filter(kind="tag").order_by("label")):
        rule(connection, f"Rule {number}", target_id=tag.external_id, page_id=f"page-{number}")
    rule(connection, "Hidden", action="sync_contact", hidden=True, metadata={"name": "own"})
    rule(connection, "Off", action="sync_contact", page_id="off", active=False)
    return connection


def connected(workspace: Workspace, sandbox: Any, row: Connection | None = None) -> Connection:
    values = {"api_url": sandbox.url, "api_key": SANDBOX_KEY}
    name = row.name if row else "Acme AC"
    draft = ConnectionDraft(workspace, "activecampaign", name, values)
    return save_connection(draft, connection=row, by="ada", now=timezone.now()).connection


def rule(connection: Connection, name: str, **over: Any) -> Rule:
    given = {"event": "page.completed", "action": "add_tag", **over}
    draft = RuleDraft(workspace=connection.workspace, connection=connection, name=name, **given)
    return save_rule(None, draft=draft, by="ada", now=timezone.now())


def exported(name: str, *options: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("exportworkspace", name, "--org", "Acme", *options, stdout=out)
    return json.loads(out.getvalue())


def imported(body: dict[str, Any], tmp_path: Path, *options: str) -> str:
    file = tmp_path / "workspace.json"
    file.write_text(json.dumps(body))
    out = io.StringIO()
    call_command("importworkspace", str(file), "--org", "Acme", *options, stdout=out)
    return out.getvalue()


def without_names(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("workspace", "exported_at")}


def test_the_file_holds_no_secret_and_no_id_of_the_account(here) -> None:
    body = exported("Staging")

    text = json.dumps(body)
    assert SANDBOX_KEY not in text
    assert here.secrets.token not in text
    assert body["connections"][0]["values"] == {"api_url": here.metadata["api_url"]}
    assert {"name", "active", "when", "then"} in [set(rule) for rule in body["rules"]]
    assert "target_id" not in text


def test_contacts_can_be_left_out(here) -> None:
    assert exported("Staging")["alert_contacts"] == [CONTACT]
    assert exported("Staging", "--no-contacts")["alert_contacts"] == []


def test_into_an_empty_place_and_back_it_is_the_same(here, sandbox, tmp_path) -> None:
    body = exported("Staging")

    first = imported(body, tmp_path, "--workspace", "Production")
    there = Workspace.objects.get(name="Production")
    waiting = Connection.objects.get(workspace=there)
    connected(there, sandbox, waiting)
    second = imported(body, tmp_path, "--workspace", "Production")

    assert "The connection Acme AC needs its key" in first
    assert "needs its key" not in second
    assert without_names(exported("Production")) == without_names(body)
    assert there.description == "S"
    assert current_mapping(waiting.pk).name == "Ours"


def test_a_connection_without_its_key_is_off_and_goes_on_with_a_working_one(
    here, sandbox, tmp_path
) -> None:
    imported(exported("Staging"), tmp_path, "--workspace", "Production")
    there = Workspace.objects.get(name="Production")
    waiting = Connection.objects.get(workspace=there)

    assert (waiting.active, bool(waiting.secrets)) == (False, False)
    rules = set(Rule.objects.filter(workspace=there).values_list("name", flat=True))
    assert rules == {"Hidden", "Off"}  # those that name no tag

    saved = connected(there, sandbox, waiting)

    assert saved.active
    assert Connection.objects.get(pk=waiting.pk).active


def test_a_connection_that_was_switched_off_stays_off_with_its_key(here, sandbox, tmp_path) -> None:
    body = exported("Staging")
    body["connections"][0]["active"] = False
    imported(body, tmp_path, "--workspace", "Production")
    there = Workspace.objects.get(name="Production")

    connected(there, sandbox, Connection.objects.get(workspace=there))

    assert not Connection.objects.get(workspace=there).active


def test_a_new_workspace_gets_a_key_of_its_own_that_is_told(here, tmp_path) -> None:
    said = imported(exported("Staging"), tmp_path, "--workspace", "Production")

    key = PublishableKey.objects.get(workspace__name="Production").key
    assert f"Its publishable key: {key}" in said
    assert CONTACT not in said


def test_importing_twice_changes_nothing(here, tmp_path) -> None:
    body = exported("Staging")
    versions, history = RuleVersion.objects.count(), EventType.history.count()

    said = imported(body, tmp_path)

    rules = len(body["rules"])
    assert f"Rules: {rules} the same." in said
    assert "Field mappings: 1 the same." in said
    assert RuleVersion.objects.count() == versions
    assert EventType.history.count() == history
    assert PublishableKey.objects.count() == 1


def test_what_the_file_does_not_name_is_left_alone(here, tmp_path) -> None:
    body = exported("Staging")
    rule(here, "Later", action="sync_contact", page_id="later")
    EventType.objects.create(workspace=here.workspace, key="later", label="Later")

    imported(body, tmp_path)

    assert Rule.objects.live().filter(name="Later", active=True).exists()
    assert EventType.objects.live().filter(key="later").exists()


def test_an_edit_in_the_file_changes_what_is_there(here, tmp_path) -> None:
    body = exported("Staging")
    body["event_types"][0]["label"] = "Renamed"
    [off] = [entry for entry in body["rules"] if entry["name"] == "Off"]
    off["active"] = True

    said = imported(body, tmp_path)

    assert Rule.objects.get(name="Off").active
    assert EventType.objects.filter(label="Renamed").count() == 1
    assert "1 changed" in said


def test_a_dry_run_says_the_same_and_stores_nothing(here, tmp_path) -> None:
    body = exported("Staging")

    said = imported(body, tmp_path, "--workspace", "Production", "--dry-run")

    assert said.splitlines()[:2] == [
        "Nothing was stored; this is what an import would do.",
        "Workspace Production: new.",
    ]
    assert "publishable key" not in said
    assert Workspace.objects.count() == 1
    assert Connection.objects.count() == 1


def test_a_tag_that_the_account_does_not_hold_refuses_everything(here, tmp_path) -> None:
    body = exported("Staging")
    body["event_types"].append({"key": "new", "label": "New"})
    body["rules"].append(
        {
            "name": "Lost",
            "when": {"event": "page.completed", "page_id": "lost"},
            "then": {"connection": "Acme AC", "action": "add_tag", "target": "no such tag"},
        }
    )

    with pytest.raises(CommandError) as refused:
        imported(body, tmp_path)

    assert "Nothing was imported." in str(refused.value)
    assert "- rule Lost: Acme AC has no tag called “no such tag”." in str(refused.value)
    assert not EventType.objects.filter(key="new").exists()


def test_every_fault_is_told_and_no_address(here, tmp_path) -> None:
    body = exported("Staging")
    body["alert_contacts"] = ["canary no address"]
    body["resource_types"] = [{"key": "x" * 300, "label": "X"}]
    body["connections"].append({"name": "bad/name", "kind": "activecampaign", "values": {}})
    body["connections"].append({"name": "Other", "kind": "nothing", "values": {}})

    with pytest.raises(CommandError) as refused:
        imported(body, tmp_path)

    said = str(refused.value)
    assert "alert contact 1: email: Enter a valid email address." in said
    assert "connection bad/name: name: Use 1 to 128" in said
    assert "connection Other: kind: This destination does not exist" in said
    assert "resource type" in said
    assert "canary" not in said
    assert not Connection.objects.filter(name="Other").exists()


def test_fields_of_the_account_are_found_by_their_names(here, sandbox, tmp_path) -> None:
    body = exported("Staging")
    [mapping] = [entry["mapping"] for entry in body["connections"]]
    [(number, label)] = mapping["fields"].items()
    mapping["fields"] = {"990099": label}
    mapping["schema"]["fields"][-1]["dest"] = "990099"

    said = imported(body, tmp_path)

    assert "Field mappings: 1 the same." in said
    assert current_mapping(here.pk).schema["fields"][-1]["dest"] == number
    mapping["fields"] = {"990099": "No such field"}
    with pytest.raises(CommandError, match="its account has no field called “No such field”"):
        imported(body, tmp_path)


def test_the_budget_is_given_to_an_account_that_is_new_only(here, tmp_path, settings) -> None:
    body = exported("Staging")
    body["connections"][0]["requests_per_second"] = 2.5
    other = {"name": "Other", "kind": "activecampaign", "values": {"api_url": API_URL}}
    body["connections"].append({**other, "requests_per_second": 3})

    imported(body, tmp_path)

    rates = dict(Account.objects.values_list("key", "requests_per_second"))
    assert rates.pop("acme.api-us1.com") == 3.0
    assert set(rates.values()) == {settings.THROTTLE_ACCOUNT_PER_SECOND}


def test_a_missing_file_and_an_unknown_workspace_are_named(here, tmp_path) -> None:
    with pytest.raises(CommandError, match=r"absent\.json cannot be read"):
        call_command("importworkspace", str(tmp_path / "absent.json"), "--org", "Acme")
    with pytest.raises(CommandError, match="There is no workspace Nowhere. These exist: Staging"):
        exported("Nowhere")


def test_the_seeded_names_of_a_new_workspace_give_way_to_those_of_the_file(here, tmp_path) -> None:
    imported(exported("Staging"), tmp_path, "--workspace", "Production")

    there = Workspace.objects.get(name="Production")
    keys = EventType.objects.live().filter(workspace=there).values_list("key", flat=True)
    assert set(keys) == {"lesson.done", "page.completed"}
    assert ResourceType.objects.live().filter(workspace=there).count() == 1


def test_metadata_of_a_client_travels_and_never_what_we_say_ourselves(here) -> None:
    [hidden] = [entry for entry in exported("Staging")["rules"] if entry["name"] == "Hidden"]

    assert hidden["metadata"] == {"name": "own"}
    assert not set(hidden["metadata"]) & set(SAID_BY_US)
