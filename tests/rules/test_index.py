"""The rules in memory: one picture per version, loaded with a constant number of queries."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from meshes.models import Workspace
from meshes.workspaces import bump_rules_version
from rules import index as rules_index
from rules.facts import facts_of
from rules.index import index_for, load_index
from tests.builders import make_connection, make_rule, make_workspace

pytestmark = pytest.mark.django_db
COMPLETED = facts_of(event="page.completed", resource="", resource_id="", payload={})


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    rules_index.forget()


def test_a_rule_is_matched_with_everything_a_delivery_needs() -> None:
    rule = make_rule(resubscribe=True)
    version = Workspace.objects.get(pk=rule.workspace_id).rules_version

    (found,) = index_for(rule.workspace_id, version).match(COMPLETED)

    assert (found.rule_id, found.version_id) == (rule.pk, rule.current_id)
    assert (found.connection_id, found.account_id) == (
        rule.connection_id,
        rule.connection.account_id,
    )
    assert (found.action, found.target_id, found.resubscribe) == ("add_tag", "12", True)
    assert rule.current is not None
    assert (found.mapping_id, found.mapping_schema) == (
        rule.current.mapping_id,
        rule.current.mapping.schema,
    )


def test_two_queries_load_any_number_of_rules(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    connection = make_connection()
    for number in range(20):
        make_rule(connection=connection, page_id=f"page-{number}")

    with django_assert_num_queries(2):
        assert load_index(connection.workspace_id).size == 20


def test_a_known_version_costs_no_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    rule = make_rule()
    first = index_for(rule.workspace_id, 2)

    with django_assert_num_queries(0):
        assert index_for(rule.workspace_id, 2) is first
        assert index_for(rule.workspace_id, 1) is first


def test_a_newer_version_is_loaded_and_says_so() -> None:
    connection = make_connection()
    make_rule(connection=connection)
    assert index_for(connection.workspace_id, 2).rules_version == 2

    make_rule(connection=connection, page_id="other")

    newer = index_for(connection.workspace_id, 3)
    assert (newer.rules_version, newer.size) == (3, 2)


def test_a_workspace_without_rules_has_an_empty_index() -> None:
    workspace = make_workspace()
    index = index_for(workspace.pk, 1)
    assert (index.size, index.rules_version, index.match(COMPLETED)) == (0, 1, ())


def test_an_unknown_workspace_is_an_error() -> None:
    with pytest.raises(Workspace.DoesNotExist):
        index_for(uuid4(), 1)


@pytest.mark.parametrize("over", [{"active": False}, {"deleted_at": timezone.now()}])
def test_switched_off_and_deleted_rules_are_left_out(over: dict[str, object]) -> None:
    rule = make_rule(**over)
    assert index_for(rule.workspace_id, 1).size == 0


def test_rules_of_a_deleted_connection_are_left_out() -> None:
    rule = make_rule(connection=make_connection(deleted_at=timezone.now()))
    assert index_for(rule.workspace_id, 1).size == 0


def test_a_held_rule_and_an_inactive_connection_still_match_and_say_so() -> None:
    connection = make_connection(active=False)
    rule = make_rule(connection=connection, held_reason="tag_not_found")

    (found,) = index_for(rule.workspace_id, 1).match(COMPLETED)

    assert (found.held_reason, found.connection_active) == ("tag_not_found", False)


def test_rules_of_other_workspaces_are_left_out() -> None:
    make_rule()
    assert index_for(make_workspace().pk, 1).size == 0


@pytest.mark.parametrize(("kind", "action"), [("gone", "add_tag"), ("activecampaign", "gone")])
def test_an_action_that_is_no_longer_known_still_matches(kind: str, action: str) -> None:
    rule = make_rule(connection=make_connection(kind=kind), action=action)
    (found,) = index_for(rule.workspace_id, 1).match(COMPLETED)
    assert (found.effect, found.target_kind) == ("sync", "contact")


def test_the_workspace_used_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_index, "WORKSPACES_KEPT", 2)
    first, second, third = (make_workspace().pk for _ in range(3))
    kept = {pk: index_for(pk, 1) for pk in (first, second)}

    assert index_for(first, 1) is kept[first]
    index_for(third, 1)

    assert index_for(first, 1) is kept[first]
    assert index_for(second, 1) is not kept[second]


@pytest.mark.django_db(transaction=True)
def test_many_threads_see_one_load() -> None:
    workspace = make_workspace()
    bump_rules_version(workspace.pk)
    kept = index_for(workspace.pk, 2)
    seen: list[bool] = []

    threads = [
        threading.Thread(target=lambda: seen.append(index_for(workspace.pk, 2) is kept))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [True] * 8
