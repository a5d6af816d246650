"""Saving, switching, holding and deleting rules, and what is refused."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from meshes.models import Workspace
from rules import errors
from rules.drafts import RuleDraft
from rules.index import index_for
from rules.models import Rule, RuleVersion
from rules.saving import delete_rule, draft_of, hold_rule, release_rule, save_rule, set_active
from tests.builders import make_catalog, make_catalog_entry, make_connection, make_workspace

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def draft() -> RuleDraft:
    connection = make_connection(name="Acme AC")
    make_catalog(connection.account)
    return RuleDraft(
        workspace=connection.workspace,
        name="Step 3 done",
        event="page.completed",
        resource="workspace-setup",
        page_id="connect-crm",
        sequence_step="03",
        connection=connection,
        action="add_tag",
        target_id="12",
    )


def save(draft: RuleDraft, rule: Rule | None = None, **over: Any) -> Rule:
    return save_rule(rule, draft=replace(draft, **over), by="rosa", now=NOW)


def rules_version(draft: RuleDraft) -> int:
    return Workspace.objects.get(pk=draft.workspace.pk).rules_version


def changes(rule: Rule) -> list[tuple[int, int, str, bool]]:
    rows = rule.versions.order_by("number")
    return list(rows.values_list("number", "rules_version", "change", "matches"))


def test_a_new_rule_is_stored_in_canonical_spelling_with_its_first_version(
    draft: RuleDraft,
) -> None:
    rule = Rule.objects.get(pk=save(draft).pk)

    assert (rule.sequence_step, rule.target_label) == ("3", "step-3-complete")
    assert (rule.created_by, rule.active, rule.held_reason) == ("rosa", True, "")
    version = RuleVersion.objects.get()
    assert rule.current == version
    assert (version.number, version.rules_version, version.change) == (1, 2, "created")
    assert (version.created_by, version.created_at, version.matches) == ("rosa", NOW, True)
    assert (version.mapping.version, version.mapping.generated) == (1, True)
    assert (version.page_id, version.target_label) == ("connect-crm", "step-3-complete")


def test_a_saved_rule_acts_on_the_next_event(draft: RuleDraft) -> None:
    assert index_for(draft.workspace.pk, 1).size == 0
    save(draft)
    assert index_for(draft.workspace.pk, rules_version(draft)).size == 1


def test_an_edit_appends_a_version_and_keeps_the_one_before(draft: RuleDraft) -> None:
    rule = save(draft)

    save(draft, rule, target_id="13", name="Step 2 done")

    assert changes(rule) == [(1, 2, "created", True), (2, 3, "edited", True)]
    rule.refresh_from_db()
    assert (rule.name, rule.target_label) == ("Step 2 done", "step-2-complete")
    assert rule.versions.get(number=1).target_id == "12"
    assert rule.history.count() == 2


def test_an_edit_that_changes_nothing_appends_nothing(draft: RuleDraft) -> None:
    rule = save(draft)

    save(draft_of(rule), rule)
    save(draft, rule, sequence_step="3")

    assert changes(rule) == [(1, 2, "created", True)]
    assert rules_version(draft) == 2


def test_an_edit_of_the_switch_alone_says_so(draft: RuleDraft) -> None:
    rule = save(draft)
    save(draft, rule, active=False)
    save(draft, rule, active=True)
    assert changes(rule)[1:] == [(2, 3, "deactivated", False), (3, 4, "activated", True)]


def test_switching_off_and_on_appends_a_version_each(draft: RuleDraft) -> None:
    rule = save(draft)

    set_active(rule, active=False, by="rosa", now=NOW)
    set_active(rule, active=False, by="rosa", now=NOW)
    set_active(rule, active=True, by="rosa", now=NOW)

    assert changes(rule)[1:] == [(2, 3, "deactivated", False), (3, 4, "activated", True)]


def test_deleting_keeps_the_row_and_stops_matching(draft: RuleDraft) -> None:
    rule = save(draft)

    delete_rule(rule, by="rosa", now=NOW)

    rule.refresh_from_db()
    assert rule.deleted_at == NOW
    assert changes(rule)[1:] == [(2, 3, "deleted", False)]
    assert index_for(draft.workspace.pk, 3).size == 0


def test_a_deleted_rule_cannot_be_changed(draft: RuleDraft) -> None:
    rule = delete_rule(save(draft), by="rosa", now=NOW)

    for change in (
        lambda: save(draft, rule, name="Other"),
        lambda: set_active(rule, active=False, by="rosa", now=NOW),
        lambda: delete_rule(rule, by="rosa", now=NOW),
        lambda: hold_rule(rule, reason="tag_not_found", by="rosa", now=NOW),
    ):
        with pytest.raises(errors.RuleGone):
            change()

    assert len(changes(rule)) == 2


def test_a_held_rule_still_matches_until_it_is_released(draft: RuleDraft) -> None:
    rule = save(draft)

    hold_rule(rule, reason="tag_not_found", by="worker", now=NOW)
    hold_rule(rule, reason="tag_not_found", by="worker", now=NOW)
    assert RuleVersion.objects.get(number=2).held_reason == "tag_not_found"
    release_rule(rule, by="worker", now=NOW)

    assert changes(rule)[1:] == [(2, 3, "held", True), (3, 4, "released", True)]


@pytest.mark.parametrize(("over", "change"), [({}, "released"), ({"target_id": "13"}, "edited")])
def test_saving_a_held_rule_with_a_present_target_ends_the_hold(
    draft: RuleDraft, over: dict[str, Any], change: str
) -> None:
    rule = save(draft)
    hold_rule(rule, reason="tag_not_found", by="worker", now=NOW)

    saved = save(draft, rule, **over)

    assert saved.held_reason == ""
    assert changes(rule)[2:] == [(3, 4, change, True)]


def test_a_renamed_target_is_an_edit(draft: RuleDraft) -> None:
    rule = save(draft)
    make_catalog_entry(draft.connection.account, external_id="12", label="step-3-done")
    assert save(draft, rule).target_label == "step-3-done"
    assert len(changes(rule)) == 2


def test_a_rule_whose_target_is_gone_can_be_switched_off_and_not_on(draft: RuleDraft) -> None:
    rule = save(draft)
    make_catalog_entry(draft.connection.account, external_id="12", gone_at=NOW)

    assert save(draft, rule, active=False).active is False
    with pytest.raises(errors.TargetUnknown):
        set_active(rule, active=True, by="rosa", now=NOW)

    rule.refresh_from_db()
    assert (rule.active, len(changes(rule))) == (False, 2)


def test_only_adding_to_a_list_can_resubscribe(draft: RuleDraft) -> None:
    assert save(draft, resubscribe=True).resubscribe is False
    added = save(draft, action="add_to_list", target_id="3", resubscribe=True)
    assert (added.resubscribe, added.target_label) == (True, "Onboarding")


def test_an_action_on_the_contact_takes_no_target(draft: RuleDraft) -> None:
    rule = save(draft, action="sync_contact", target_id="")
    assert (rule.target_id, rule.target_label) == ("", "")


REFUSALS: list[tuple[dict[str, Any], type[errors.Refused], str]] = [
    ({"name": " "}, errors.ValueUnusable, "name"),
    ({"name": "n" * 129}, errors.ValueUnusable, "name"),
    ({"event": ""}, errors.ValueUnusable, "event"),
    ({"event": "page\x00completed"}, errors.ValueUnusable, "event"),
    ({"resource": "r" * 201}, errors.ValueUnusable, "resource"),
    ({"page_id": "page\n"}, errors.ValueUnusable, "page_id"),
    ({"page_id": " "}, errors.ValueUnusable, "page_id"),
    ({"sequence_step": "\ud800"}, errors.ValueUnusable, "sequence_step"),
    ({"resource_id": "a b"}, errors.ValueUnusable, "resource_id"),
    ({"resource_id": "a\n"}, errors.ValueUnusable, "resource_id"),
    ({"resource_id": "r" * 65}, errors.ValueUnusable, "resource_id"),
    ({"action": "send_fax"}, errors.ActionUnknown, "action"),
    ({"target_id": ""}, errors.TargetMissing, "target_id"),
    ({"target_id": "99"}, errors.TargetUnknown, "target_id"),
    ({"action": "add_to_list"}, errors.TargetUnknown, "target_id"),
    ({"action": "sync_contact"}, errors.TargetNotWanted, "target_id"),
]


@pytest.mark.parametrize(("over", "error", "field"), REFUSALS)
def test_a_refusal_names_the_field_and_changes_nothing(
    draft: RuleDraft, over: dict[str, Any], error: type[errors.Refused], field: str
) -> None:
    with pytest.raises(error) as refused:
        save(draft, **over)

    assert (refused.value.field, str(refused.value)[-1]) == (field, ".")
    assert (Rule.objects.count(), RuleVersion.objects.count(), rules_version(draft)) == (0, 0, 1)


def test_an_unknown_target_offers_to_refresh(draft: RuleDraft) -> None:
    with pytest.raises(errors.TargetUnknown, match="Refresh tags and lists"):
        save(draft, target_id="99")


def test_a_connection_whose_key_was_never_accepted_offers_no_target(draft: RuleDraft) -> None:
    draft.connection.last_check = {}
    draft.connection.save()
    with pytest.raises(errors.TargetUnknown, match="Test the connection first"):
        save(draft)
    assert Rule.objects.count() == 0


def test_a_connection_of_another_workspace_is_refused(draft: RuleDraft) -> None:
    other = make_connection(workspace=make_workspace())
    with pytest.raises(errors.ConnectionUnusable):
        save(draft, connection=other)
    assert Rule.objects.count() == 0


def test_a_deleted_connection_is_refused(draft: RuleDraft) -> None:
    rule = save(draft, active=False)
    draft.connection.deleted_at = NOW
    draft.connection.save()

    with pytest.raises(errors.ConnectionUnusable):
        save(draft)
    with pytest.raises(errors.ConnectionUnusable):
        set_active(rule, active=True, by="rosa", now=NOW)

    assert len(changes(rule)) == 1


def test_a_rule_cannot_move_to_another_workspace(draft: RuleDraft) -> None:
    rule = save(draft)
    other = make_connection(workspace=make_workspace())

    with pytest.raises(errors.WorkspaceFixed):
        save(draft, rule, workspace=other.workspace, connection=other)

    rule.refresh_from_db()
    assert (rule.workspace, len(changes(rule))) == (draft.workspace, 1)


def test_a_rule_equal_to_an_active_one_is_refused_with_its_name(draft: RuleDraft) -> None:
    first = save(draft)

    with pytest.raises(errors.RuleExists, match="“Step 3 done”"):
        save(draft, name="Again", sequence_step="3")

    assert (Rule.objects.get(), rules_version(draft)) == (first, 2)


@pytest.mark.parametrize(
    "over",
    [
        {"event": "page.started"},
        {"resource": ""},
        {"resource_id": "x"},
        {"page_id": "other"},
        {"sequence_step": "4"},
        {"action": "remove_tag"},
        {"target_id": "13"},
        {"active": False},
    ],
)
def test_a_rule_that_differs_in_one_point_is_another_rule(
    draft: RuleDraft, over: dict[str, Any]
) -> None:
    save(draft)
    save(draft, **over)
    assert Rule.objects.count() == 2


def test_a_twin_is_refused_when_it_is_switched_on_or_edited_into_one(draft: RuleDraft) -> None:
    save(draft)
    twin = save(draft, active=False)
    other = save(draft, page_id="other")

    with pytest.raises(errors.RuleExists):
        set_active(twin, active=True, by="rosa", now=NOW)
    with pytest.raises(errors.RuleExists):
        save(draft, other)

    assert [len(changes(rule)) for rule in (twin, other)] == [1, 1]


def test_a_deleted_rule_leaves_its_place_to_another(draft: RuleDraft) -> None:
    delete_rule(save(draft), by="rosa", now=NOW)
    assert save(draft).active


@pytest.mark.django_db(transaction=True)
def test_of_many_equal_rules_saved_at_once_one_is_stored(draft: RuleDraft) -> None:
    start, ended = threading.Barrier(4), []

    def attempt(number: int) -> None:
        start.wait()
        try:
            save(draft, name=f"Rule {number}")
            ended.append("saved")
        except errors.RuleExists:
            ended.append("exists")
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ended) == ["exists", "exists", "exists", "saved"]
    assert (Rule.objects.count(), RuleVersion.objects.count(), rules_version(draft)) == (1, 1, 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_row_that_came_from_elsewhere_at_the_same_moment_is_named(draft: RuleDraft) -> None:
    written, ended = threading.Event(), []

    def elsewhere() -> None:
        with transaction.atomic():
            Rule.objects.create(
                **{name: getattr(draft, name) for name in ("workspace", "event", "resource")},
                **{name: getattr(draft, name) for name in ("page_id", "connection", "action")},
                sequence_step="3",
                target_id="12",
                name="From elsewhere",
            )
            written.set()
            threading.Event().wait(0.5)
        connection.close()
        ended.append(timezone.now())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    written.wait(10)
    with pytest.raises(errors.RuleExists, match="From elsewhere"):
        save(draft)
    thread.join()

    assert (Rule.objects.count(), RuleVersion.objects.count()) == (1, 0)
