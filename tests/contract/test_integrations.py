"""The list of integrations by the contract, and ActiveCampaign as it stands there.

Source: Meshes API wire contract, sections 13.1 to 13.3.
"""

from __future__ import annotations

from connections.destinations import DESTINATIONS
from tests.contract.shapes import FLAG, INTEGRATION, TEXT, WORD, envelope, fits, strict

FIELD = strict(
    {"label": WORD, "key": WORD, "type": {"enum": ["text", "password", "select"]}},
    optional={"helpText": WORD, "required": FLAG, "validate": {"enum": ["url"]}}
    | {"defaultValue": TEXT, "options": {"type": "array"}, "dependsOn": {"type": "object"}},
)
SIMPLE = strict(
    {"key": WORD, "field": WORD, "kind": {"const": "simple"}},
    optional={"label": WORD, "noun": WORD, "target": WORD, "from": WORD, "required": FLAG},
)
ACTION = strict(
    {"key": WORD, "label": WORD, "noun": WORD},
    optional={"data": {"type": "array", "items": SIMPLE, "minItems": 1}}
    | {"fields": {"type": "array", "items": WORD}}
    | {"display": strict({"label": WORD, "description": WORD})},
)
RECORD = strict(
    {
        "name": WORD,
        "type": INTEGRATION,
        "authentication": strict(
            {"type": {"enum": ["api_key", "basic", "none", "oauth"]}},
            optional={"fields": {"type": "array", "items": FIELD}},
        ),
        "actions": {"type": "object", "additionalProperties": ACTION, "minProperties": 1},
    }
)
WHERE = "In ActiveCampaign: Settings, then Developer"


def choosing(key, label, noun):
    data = {"key": f"{noun}s", "field": "id", "kind": "simple", "noun": noun, "required": True}
    return {"key": key, "label": label, "noun": noun, "fields": ["id"], "data": [data]}


def test_every_destination_is_told_once(machine):
    page = fits(machine.ask("GET", "/integrations?limit=1"), envelope(RECORD))

    assert [one["type"] for one in page["records"]] == [one.kind for one in DESTINATIONS]
    assert page["next_cursor"] is None


def test_each_action_stands_under_its_own_key(machine):
    for record in machine.ask("GET", "/integrations")["records"]:
        assert list(record["actions"]) == [one["key"] for one in record["actions"].values()]


def test_activecampaign_is_told_in_full(machine):
    records = machine.ask("GET", "/integrations")["records"]

    assert next(one for one in records if one["type"] == "activecampaign") == {
        "name": "ActiveCampaign",
        "type": "activecampaign",
        "authentication": {
            "type": "api_key",
            "fields": [
                {"label": "API URL", "key": "api_url", "type": "text", "validate": "url"}
                | {"required": True, "helpText": WHERE},
                {"label": "API Key", "key": "api_key", "type": "password"}
                | {"required": True, "helpText": WHERE},
            ],
        },
        "actions": {
            "add_tag": choosing("add_tag", "Add Tag", "tag"),
            "remove_tag": choosing("remove_tag", "Remove Tag", "tag"),
            "add_to_list": choosing("add_to_list", "Add to List", "list"),
            "remove_from_list": choosing("remove_from_list", "Remove from List", "list"),
            "sync_contact": {"key": "sync_contact", "label": "Sync Contact", "noun": "contact"}
            | {"fields": []},
        },
    }
