"""Dry runs: what an edited rule would have matched, and a big drop that asks before it is saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from deliveries import asking_account
from deliveries import dry_run as module
from deliveries.dry_run import DryRun, drop_words, dry_run
from deliveries.models import Event
from meshes.models import Membership
from rules.drafts import RuleDraft
from rules.models import Rule
from rules.saving import draft_of
from tests.builders import (
    make_catalog,
    make_connection,
    make_delivery,
    make_event,
    make_mapping,
    make_rule,
    make_workspace,
)
from tests.deliveries.pages import queries_of, viewer
from tests.deliveries.scenes import tag_rule

pytestmark = pytest.mark.django_db
RULES = "/admin/rules/rule/"
LOOK, SEEN, PASTE, ASK = (f"{RULES}looks/{name}/" for name in ("dry-run", "seen", "paste", "ask"))


@pytest.fixture
def rule() -> Rule:
    connection = make_connection(name="Acme AC")
    make_catalog(connection.account)
    return make_rule(connection=connection, page_id="crm")


def happened(rule: Rule, count: int, **over: Any) -> list[Event]:
    given = {"workspace": rule.workspace, "page_id": "crm", **over}
    return [make_event(**{"email": f"p{n}@example.com", **given}) for n in range(count)]


def ran(rule: Rule, *, days: int = 7, stored: bool = True, **over: Any) -> DryRun:
    draft: RuleDraft = replace(draft_of(rule), **over)
    return dry_run(draft, rule=rule if stored else None, days=days, now=timezone.now())


def asked(rule: Rule, /, **over: str) -> dict[str, str]:
    given = {"connection": str(rule.connection_id), "event": "page.completed", "page_id": "crm"}
    given |= {"action": "add_tag", "target_label": "step-3-complete", "target_id": "12"}
    return {**given, "days": "7", "rule": str(rule.pk), **over}


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def test_events_people_and_those_reached_are_counted(rule: Rule) -> None:
    first, second, *_ = happened(rule, 3)
    happened(rule, 1)
    happened(rule, 1, email="")
    make_delivery(first, rule, applied_id=1, status="completed")
    make_delivery(second, rule, status="failed")

    found = ran(rule)

    assert (found.events, found.people, found.reached) == (5, 3, 1)
    assert (found.before, found.looked_at, found.cut) == (3, 5, False)


@pytest.mark.parametrize(
    "over",
    [
        {"is_test": True},
        {"page_id": "team"},
        {"event": "other"},
        {"created_at": ago(8)},
        {"erased_at": ago(0)},
    ],
    ids=["test", "page", "name", "old", "erased"],
)
def test_what_does_not_count_is_left_out(rule: Rule, over: dict[str, Any]) -> None:
    happened(rule, 1, **over)
    happened(rule, 1, workspace=make_workspace())
    assert (ran(rule).events, ran(rule).people) == (0, 0)


def test_thirty_days_reach_further_than_seven(rule: Rule) -> None:
    happened(rule, 2, created_at=ago(20))
    assert (ran(rule).people, ran(rule, days=30).people) == (0, 2)


def test_an_edit_is_compared_with_the_stored_rule(rule: Rule) -> None:
    happened(rule, 12)
    happened(rule, 4, sequence_step="3")

    found = ran(rule, sequence_step="3")

    assert (found.before, found.people, found.is_big_drop) == (12, 4, True)
    assert drop_words(found).endswith("matched 12 people, after your edit it matches 4.")
    assert not ran(rule, sequence_step="").is_big_drop
    assert ran(rule, stored=False).before is None


def test_a_long_past_is_read_in_part_and_said_so(
    rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_READ", 5)
    happened(rule, 8)

    found = ran(rule, event="page.completed", page_id="")

    assert (found.looked_at, found.cut, found.events, found.before) == (5, True, 5, 5)
    assert found.since > ago(1)


def test_the_email_is_the_one_that_the_mapping_finds(rule: Rule) -> None:
    source = {"type": "path", "value": "who.mail"}
    schema = {"schema_version": 1, "fields": [{"dest": "email", "source": source}]}
    make_mapping(rule.connection, schema=schema)
    happened(rule, 1, payload={"email": "x@example.com", "who": {"mail": "a@example.com"}})
    happened(rule, 1, payload={"email": "y@example.com"})
    assert ran(rule).emails == ("a@example.com",)


def test_the_page_says_what_the_edit_would_change(staff: Client, rule: Rule) -> None:
    happened(rule, 11)
    happened(rule, 1, sequence_step="3", page_title="Connect your CRM")

    page = staff.post(LOOK, asked(rule, sequence_step="03")).content.decode()

    assert "Now 11 people, after your edit 1." in page
    assert "Connect your CRM" in page
    assert "p0@example.com" not in page
    assert "Looked at the 12 events" in page


def test_a_rule_that_is_not_stored_yet_can_be_tried(staff: Client, rule: Rule) -> None:
    happened(rule, 2)
    page = staff.post(LOOK, asked(rule, rule="", action="", target_label="", target_id=""))
    assert "<strong>2</strong> events of the last 7 days" in page.content.decode()


@pytest.mark.parametrize(
    ("over", "said"), [({"connection": ""}, "Choose a connection first"), ({"event": ""}, "Event:")]
)
def test_what_is_missing_is_said(
    staff: Client, rule: Rule, over: dict[str, str], said: str
) -> None:
    assert said in staff.post(LOOK, asked(rule, **over)).content.decode()


def test_the_cost_does_not_grow_with_the_events(staff: Client, rule: Rule) -> None:
    happened(rule, 30)
    draft = draft_of(rule)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_READ", 10)
        assert dry_run(draft, rule=rule, days=7, now=timezone.now()).looked_at == 10
    assert queries_of(staff, f"{SEEN}?connection={rule.connection_id}") <= 5


def test_seen_lately_tells_kinds_of_events_with_titles(staff: Client, rule: Rule) -> None:
    happened(rule, 2, page_title="Connect your CRM", sequence_step="3")
    happened(rule, 1, event="other", page_id="")
    happened(rule, 1, event="test only", is_test=True)

    told = staff.get(SEEN, {"connection": str(rule.connection_id)}).json()

    assert told["looked_at"] == 4
    assert [(one["event"], one["count"]) for one in told["combinations"]] == [
        ("page.completed", 2),
        ("other", 1),
    ]
    assert told["combinations"][0]["page_title"] == "Connect your CRM"


def test_only_visible_workspaces_and_permitted_people_look(rule: Rule) -> None:
    client = viewer("change_rule")
    assert client.post(LOOK, asked(rule)).status_code == 200
    member = Membership.objects.create(user_id=client.session["_auth_user_id"])
    member.workspaces.add(make_workspace())

    assert client.get(SEEN, {"connection": str(rule.connection_id)}).status_code == 404
    for address in (LOOK, PASTE, ASK):
        assert "Choose a connection first" in client.post(address, asked(rule)).content.decode()


def test_who_may_only_look_at_rules_gets_no_dry_run(rule: Rule) -> None:
    client = viewer("view_rule")
    happened(rule, 1)
    assert client.get(SEEN, {"connection": str(rule.connection_id)}).status_code == 403
    assert [client.post(each, asked(rule)).status_code for each in (LOOK, PASTE, ASK)] == [403] * 3
    assert client.get(LOOK).status_code == 405


def saved(client: Client, rule: Rule, **over: str) -> Any:
    given = {**asked(rule, name=rule.name, active="on"), **over}
    return client.post(f"{RULES}{rule.pk}/change/", given)


def test_a_big_drop_asks_before_it_is_saved(staff: Client, rule: Rule) -> None:
    happened(rule, 12)

    page = saved(staff, rule, sequence_step="4")

    assert "matched 12 people, after your edit it matches 0" in page.content.decode()
    rule.refresh_from_db()
    assert (rule.sequence_step, rule.versions.count()) == ("", 1)

    assert saved(staff, rule, sequence_step="4", confirm_drop="on").status_code == 302
    rule.refresh_from_db()
    assert rule.sequence_step == "4"


@pytest.mark.parametrize(
    "over", [{"name": "Renamed"}, {"active": "", "sequence_step": "4"}, {"page_id": ""}]
)
def test_other_edits_are_saved_at_once(staff: Client, rule: Rule, over: dict[str, str]) -> None:
    happened(rule, 12)
    assert saved(staff, rule, **over).status_code == 302


@pytest.mark.parametrize("tagged", [0, 3])
def test_the_account_is_asked_about_the_newest_twenty(
    staff: Client, sandbox: Any, tagged: int
) -> None:
    rule = tag_rule(sandbox)
    happened(rule, 25, page_id="")
    for number in range(tagged):
        sandbox.state.add_contact(f"p{24 - number}@example.com", tags=[rule.target_label])

    target = {"target_id": rule.target_id, "target_label": rule.target_label}
    make_catalog(rule.connection.account, tags={rule.target_id: rule.target_label})
    page = staff.post(ASK, asked(rule, page_id="", **target)).content.decode()

    assert f"<strong>{tagged}</strong> of the 20 newest people" in page


def test_an_account_that_refuses_is_told_in_words(staff: Client, rule: Rule) -> None:
    happened(rule, 1)
    page = staff.post(ASK, asked(rule, action="")).content.decode()
    assert "Choose an action first" in page


def test_a_busy_account_is_asked_about_fewer(
    staff: Client, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_account, "ASK_FOR_S", 0.0)
    rule = tag_rule(sandbox)
    happened(rule, 3, page_id="")
    make_catalog(rule.connection.account, tags={rule.target_id: rule.target_label})

    target = {"target_id": rule.target_id, "target_label": rule.target_label}
    page = staff.post(ASK, asked(rule, page_id="", **target)).content.decode()

    assert "2 more were not asked about" in page
