"""The file of rules: what is written, read back and refused; importing it whole or not at all."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.models import Connection
from meshes.models import Workspace
from rules.exported_files import FileUnusable
from rules.import_plan import Choices, Plan, plan
from rules.importing import ImportRefused, RulesMoved, apply
from rules.models import Rule
from rules.rules_file import Entry, read, written
from tests.builders import make_account, make_catalog, make_connection, make_rule, make_workspace
from tests.rules.test_saving import NOW

pytestmark = pytest.mark.django_db
ENTRY: dict[str, Any] = {
    "name": "Step 3 done",
    "event": "page.completed",
    "sequence_step": "3",
    "connection": "Acme AC",
    "action": "add_tag",
    "target": "step-3-complete",
}


@pytest.fixture
def there() -> Connection:
    """A connection in another workspace, to an account with other ids."""
    account = make_account(key="other.api-us1.com")
    make_catalog(account, tags={"70": "Step-3-complete", "71": "new", "12": "trap"})
    return make_connection(
        name="Acme AC", workspace=make_workspace(name="Staging"), account=account
    )


def entry(**over: Any) -> Entry:
    return Entry(**{**ENTRY, **over})


def planned(there: Connection, *entries: Entry, **choices: Any) -> Plan:
    return plan(entries, workspace=there.workspace, choices=Choices(**choices))


def imported(there: Connection, *entries: Entry, **over: Any) -> Plan:
    version = Workspace.objects.get(pk=there.workspace_id).rules_version
    given = {"choices": Choices(), "chosen": range(len(entries)), "reviewed_version": version}
    return apply(entries, workspace=there.workspace, **{**given, **over}, by="kim", now=NOW)


def body(**over: Any) -> bytes:
    rule = {"name": "A", "when": {"event": "e"}, "then": {"connection": "c", "action": "add_tag"}}
    given = {"format": "meshes.rules", "version": 1, "rules": [{**rule, **over.pop("rule", {})}]}
    return json.dumps({**given, **over}).encode()


def test_a_file_says_rules_by_names_and_leaves_out_what_asks_nothing() -> None:
    connection = make_connection(name="Acme AC")
    rule = make_rule(connection=connection, name="Step 3 done", sequence_step="3", restart=True)

    told = json.loads(written([rule], workspace="Production", now=NOW))

    assert told["rules"] == [
        {
            "name": "Step 3 done",
            "active": True,
            "when": {"event": "page.completed", "step": "3"},
            "then": {
                "connection": "Acme AC",
                "action": "add_tag",
                "target": "step-3-complete",
                "start_again": True,
            },
        }
    ]
    assert read(json.dumps(told).encode()) == (entry(restart=True),)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "no file of rules"),
        (body(version=2), "version 1"),
        (body(rules=[]), "holds no rules"),
        (body(rules=[1]), "Rule 1 of the file must be an object"),
        (body(rules=[1] * 501), "more than 500"),
        (body(rule={"name": ""}), "Rule 1 of the file says no name"),
        (body(rule={"name": 3}), "its name must be a text"),
        (body(rule={"active": "yes"}), "must be true or false"),
        (body(rule={"when": {"event": "e", "colour": "red"}}), "“colour”"),
        (body(rule={"then": None}), "must be an object"),
        (b" " * (1024 * 1024 + 1), "larger than 1 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_file_of_rules_is_refused_in_a_sentence(raw: bytes, said: str) -> None:
    with pytest.raises(FileUnusable, match=said):
        read(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "when", "then", "event", "rules"]), inner)
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_file_breaks_the_reading(rules: Any) -> None:
    raw = json.dumps({"format": "meshes.rules", "version": 1, "rules": rules}).encode()
    with suppress(FileUnusable):
        assert read(raw)


def test_a_tag_is_found_by_its_name_never_by_its_number(there: Connection) -> None:
    found = planned(there, entry(), entry(name="B", target="12", sequence_step="4"))

    first, second = found.rules
    assert first.draft is not None
    assert (first.fate, first.draft.target_id) == ("create", "70")
    assert first.bound == "tag “Step-3-complete” of Acme AC, number 70 there"
    assert (second.fate, second.why) == ("skip", "Acme AC has no tag called “12”.")
    assert found.open_targets == (("Acme AC", "tag", "12"),)


def test_a_missing_tag_can_be_chosen(there: Connection) -> None:
    key = ("Acme AC", "tag", "gone")
    (one,) = planned(there, entry(target="gone"), targets={key: "NEW"}).rules
    assert one.draft is not None
    assert (one.fate, one.draft.target_id) == ("create", "71")


def test_a_connection_of_another_name_can_be_chosen(there: Connection) -> None:
    wanted = entry(connection="Old name")
    lost = planned(there, wanted)
    assert (lost.rules[0].fate, lost.open_connections) == ("skip", ("Old name",))
    assert planned(there, wanted, connections={"Old name": there.pk}).count("create") == 1

    elsewhere = make_connection()
    assert planned(there, wanted, connections={"Old name": elsewhere.pk}).count("skip") == 1


def test_existing_rules_are_told_apart(there: Connection) -> None:
    given = {"connection": there, "target_id": "70", "target_label": "Step-3-complete"}
    same = make_rule(**given, name="Step 3 done", sequence_step="3")
    other = make_rule(**given, name="Renamed step", sequence_step="5")

    found = planned(there, entry(), entry(name="Renamed step", sequence_step="6"), entry(name="N"))

    assert [(one.fate, one.rule) for one in found.rules] == [
        ("same", same),
        ("change", other),
        ("create", None),
    ]
    assert found.rules[1].changed == ("sequence step",)


def test_all_that_was_chosen_is_stored(there: Connection) -> None:
    make_rule(connection=there, name="B", target_id="71", target_label="new")
    done = imported(
        there, entry(), entry(name="B", sequence_step="4"), entry(name="Left out"), chosen={0, 1}
    )

    assert (done.count("create"), done.count("change")) == (2, 1)
    stored = {rule.name: (rule.sequence_step, rule.target_id) for rule in Rule.objects.all()}
    assert stored == {"Step 3 done": ("3", "70"), "B": ("4", "70")}
    assert set(Rule.objects.get(name="B").versions.values_list("change", flat=True)) == {
        "created",
        "edited",
    }


def test_one_refusal_leaves_everything_as_it_was(there: Connection) -> None:
    with pytest.raises(ImportRefused, match="because of “Twin”"):
        imported(there, entry(), entry(name="Twin"))
    assert not Rule.objects.exists()


def test_rules_that_moved_meanwhile_are_reviewed_again(there: Connection) -> None:
    with pytest.raises(RulesMoved):
        imported(there, entry(), reviewed_version=99)
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"action": "send_fax"}, "action: Choose an action"),
        ({"target": ""}, "target_id: Choose the tag."),
        ({"resource_id": "a b"}, "resource_id: Use 1 to 64"),
    ],
)
def test_what_no_rule_may_say_is_skipped_with_its_reason(
    there: Connection, over: dict[str, str], why: str
) -> None:
    (one,) = planned(there, entry(**over)).rules
    assert one.fate == "skip"
    assert one.why.startswith(why)
