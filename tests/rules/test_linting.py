"""Linting: each kind of warning, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.linting import LintRule, Surroundings, lint, overlap

_ids = count(1)
TAG, OTHER, LIST = (1, "tag", "12"), (1, "tag", "13"), (1, "list", "3")
HELD = {TAG: "step-3-complete", OTHER: "step-4-complete", LIST: "Onboarding"}
NOTHING = Surroundings()
AROUND = Surroundings(held=HELD, accounts={1: "Acme AC"})


def rule(name: str = "A", **over: Any) -> LintRule:
    given: dict[str, Any] = {"event": "page.completed", "account_id": 1, "connection": "Acme AC"}
    given |= {"action": "add_tag", "doing": "add tag", "effect": "add", "target_kind": "tag"}
    given |= {"target_id": "12", "target_label": "step-3-complete"}
    return LintRule(**{"id": UUID(int=next(_ids)), "name": name, **given, **over})


def removing(name: str = "B", **over: Any) -> LintRule:
    return rule(name, action="remove_tag", doing="remove tag", effect="remove", **over)


def told(*rules: LintRule, around: Surroundings = NOTHING, kind: str = "") -> list[str]:
    return [one.sentence for one in lint(rules, around) if kind in ("", one.kind)]


def test_two_rules_with_one_target_are_named() -> None:
    first, second = rule("A", page_id="crm"), rule("B", page_id="team")

    assert told(first, second) == ["“A” and “B” both add tag “step-3-complete” in Acme AC."]
    assert told(first, replace(second, active=False)) == []
    assert told(first, replace(second, target_id="13")) == []
    assert told(first, replace(second, account_id=2)) == []


def test_two_rules_that_one_event_can_match_are_said_to() -> None:
    first, second = rule("A", page_id="crm"), rule("B", sequence_step="3")
    (sentence,) = told(first, second)
    assert sentence.endswith("in Acme AC, and one event can match both.")


def test_many_rules_with_one_target_make_one_warning() -> None:
    (sentence,) = told(*(rule(f"R{n}", page_id=str(n)) for n in range(6)))
    assert sentence.startswith("“R0”, “R1”, “R2” and 3 more rules all add tag")


def test_syncing_twice_counts_only_for_one_event() -> None:
    sync = {"action": "sync_contact", "doing": "sync contact", "effect": "sync"}
    sync |= {"target_kind": "contact", "target_id": "", "target_label": ""}
    one, same, elsewhere = (rule(p or "any", page_id=p, **sync) for p in ("crm", "", "team"))

    assert told(one, elsewhere) == []
    assert told(one, same)[0].startswith("One event can match both “crm” and “any”")


def test_adding_and_removing_on_one_event_is_a_fight() -> None:
    adds, takes = rule("A", sequence_step="3"), removing("B", page_id="crm")

    (sentence,) = told(adds, takes)
    assert sentence.startswith("“A” adds the tag “step-3-complete” and “B” removes it")
    assert told(adds, replace(takes, sequence_step="4")) == []
    assert told(adds, replace(takes, active=False)) == []


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"connection_gone": True}, "its connection was deleted"),
        ({"page_id": "crm "}, "asks for the page ID “crm ” with a space at its edge"),
        ({"sequence_step": "03"}, "events spell its step differently"),
    ],
)
def test_a_rule_that_can_never_match_says_why(over: dict[str, Any], why: str) -> None:
    (sentence,) = told(rule(**over), kind="never_matches")
    assert why in sentence
    assert told(rule(active=False, **over)) == []


def test_the_lists_of_events_and_resources_count_where_they_are_kept() -> None:
    kept = Surroundings(
        event_types=frozenset({"page.completed"}), resource_types=frozenset({"onboarding"})
    )

    (sentence,) = told(rule(event="page.complete"), around=kept)
    assert (
        "“page.complete” is not an active one of them. Did you mean “page.completed”?" in sentence
    )
    assert told(rule(event="page.complete")) == []
    assert "“billing”" in told(rule(resource="billing"), around=kept)[0]
    assert told(rule(resource="global"), around=kept) == []
    assert told(rule(resource="onboarding"), around=kept) == []


def test_a_missing_step_is_named() -> None:
    path = {"resource_id": "setup"}
    steps = [rule(f"S{n}", sequence_step=n, target_id=n, **path) for n in ("1", "3", "7")]

    assert told(*steps) == [
        "Step 2 of setup has no rule that is on, between steps 1 and 3.",
        "Steps 4 to 6 of setup have no rule that is on, between steps 3 and 7.",
    ]
    off = rule("Off", sequence_step="2", target_id="2", active=False, **path)
    assert told(*steps, off)[0].endswith("between steps 1 and 3. “Off” is off.")
    elsewhere = rule("E", sequence_step="2", target_id="2", resource_id="other")
    assert len(told(*steps, elsewhere)) == 2


def test_steps_far_apart_make_one_warning() -> None:
    far = [rule(n, sequence_step=n, target_id=n) for n in ("1", "9" * 60)]
    assert len(told(*far, kind="step_gap")) == 1


def test_a_target_that_is_gone_is_named_once_the_account_was_read() -> None:
    lost = rule(target_id="99", target_label="old")

    assert told(lost, around=AROUND, kind="target_gone") == [
        "“A” names the tag “old”, which Acme AC does not hold any more. Choose another one."
    ]
    assert told(lost) == []
    assert told(replace(lost, held=True), around=AROUND, kind="target_gone") == []


def test_a_tag_of_the_kind_that_rules_use_but_unused_is_named() -> None:
    (sentence,) = told(rule(), around=AROUND)
    assert sentence == (
        "No rule uses the tag “step-4-complete” of Acme AC, though rules use tags of this kind, "
        "such as “step-3-complete”."
    )
    off = rule("B", target_id="13", target_label="step-4-complete", active=False)
    assert told(rule(), off, around=AROUND) == []


TEXT = st.sampled_from(["", "1", "2", "5", "a", " a"])
RULES = st.lists(
    st.builds(
        rule,
        st.text(max_size=3),
        resource_id=TEXT,
        page_id=TEXT,
        sequence_step=TEXT,
        target_id=st.sampled_from(["12", "13", "99"]),
        effect=st.sampled_from(["add", "remove"]),
        active=st.booleans(),
        connection_gone=st.booleans(),
    ),
    max_size=8,
)


@given(RULES)
def test_whatever_the_rules_warnings_are_sentences_about_them(rules: list[LintRule]) -> None:
    for one in lint(rules, AROUND):
        assert one.sentence.endswith((".", "?"))
        assert set(one.rules) <= set(rules)


@given(RULES)
def test_two_rules_fight_only_over_events_that_both_match(rules: list[LintRule]) -> None:
    for one in lint(rules, AROUND):
        if one.kind == "fighting":
            assert overlap(*one.rules)
            assert {each.effect for each in one.rules} == {"add", "remove"}
