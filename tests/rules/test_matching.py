"""The index finds what a plain loop finds, in the order of a lane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Facts
from rules.mapping import generated_schema
from rules.matching import CONDITIONS, MatchableRule, RuleIndex, explain

FACTS = Facts("page.completed", "page", "setup", "connect-crm", "3")
SCHEMA = generated_schema()
WORDS = st.sampled_from(["", "a", "b"])
CONDITION = st.fixed_dictionaries(
    {"event": st.sampled_from(["a", "b"]), **dict.fromkeys(CONDITIONS[1:], WORDS)}
)
EFFECTS = st.sampled_from(["add", "remove", "sync"])
ASKED = st.builds(Facts, *[WORDS] * 5)


def rule(number: int = 1, **over: Any) -> MatchableRule:
    given = {"event": "page.completed", "effect": "add", **over}
    return MatchableRule(
        rule_id=UUID(int=number),
        version_id=UUID(int=number),
        name=f"Rule {number}",
        connection_id=UUID(int=0),
        account_id=1,
        action="add_tag",
        target_kind="tag",
        mapping_id=UUID(int=0),
        mapping_schema=SCHEMA,
        **given,
    )


@given(st.lists(st.tuples(CONDITION, EFFECTS), max_size=30), ASKED)
def test_the_index_equals_a_naive_loop(
    conditions: list[tuple[dict[str, str], str]], facts: Facts
) -> None:
    rules = [rule(n, **asks, effect=effect) for n, (asks, effect) in enumerate(conditions)]

    found = RuleIndex(rules, rules_version=1).match(facts)

    naive = {
        each
        for each in range(len(rules))
        if rules[each].event == facts.event
        and all(getattr(rules[each], name) in ("", getattr(facts, name)) for name in CONDITIONS[1:])
    }
    assert {each.rule_id.int for each in found} == naive
    assert len(found) == len(naive)
    assert naive == {n for n, each in enumerate(rules) if explain(each, facts).ok}


def test_removals_come_first_then_sync_then_adds_then_the_rule_id() -> None:
    effects = ["add", "sync", "remove", "add", "remove"]
    rules = [rule(number, effect=effect) for number, effect in enumerate(effects)]

    found = RuleIndex(reversed(rules), rules_version=1).match(FACTS)

    assert [each.rule_id.int for each in found] == [2, 4, 1, 0, 3]


def test_an_event_that_says_nothing_matches_only_rules_that_ask_nothing() -> None:
    rules = [rule(1), rule(2, page_id="connect-crm"), rule(3, sequence_step="3")]
    facts = Facts("page.completed", "global", "", "", "")

    found = RuleIndex(rules, rules_version=1).match(facts)

    assert [each.rule_id.int for each in found] == [1]


def test_an_event_looks_up_at_most_sixteen_keys_of_any_number_of_rules() -> None:
    class Counting(dict[Any, Any]):
        asked = 0

        def get(self, *args: Any) -> Any:
            self.asked += 1
            return super().get(*args)

    index = RuleIndex((rule(n, page_id=str(n)) for n in range(1000)), rules_version=7)
    index._rules = counting = Counting(index._rules)

    assert index.match(replace(FACTS, page_id="500"))[0].rule_id.int == 500
    assert (counting.asked, index.size, index.rules_version) == (16, 1000, 7)


def test_a_verdict_names_the_condition_that_did_not_fit() -> None:
    verdict = explain(rule(page_id="invite-team", sequence_step="3"), FACTS)

    assert not verdict.ok
    assert [(check.name, check.ok) for check in verdict.checks] == [
        ("event", True),
        ("resource", True),
        ("resource_id", True),
        ("page_id", False),
        ("sequence_step", True),
    ]
    assert (verdict.checks[3].expected, verdict.checks[3].actual) == ("invite-team", "connect-crm")
