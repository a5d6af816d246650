"""The guide: what is done is told by the rows, and every step leads to its form and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from deliveries import beats
from deliveries.models import Delivery, Rollup
from meshes.keys import create_key
from meshes.models import PublishableKey, Workspace
from tests.builders import (
    make_catalog,
    make_connection,
    make_delivery,
    make_event,
    make_organization,
    make_rule,
    make_workspace,
)
from tests.deliveries.pages import queries_of, text_of
from tests.deliveries.scenes import connect, tag_rule
from tests.deliveries.trials import sent, start

pytestmark = pytest.mark.django_db

GUIDE = "/admin/guide/"


def keyed(**over: Any) -> Workspace:
    """A workspace with a key, as the form makes one."""
    workspace = make_workspace(**over)
    create_key(workspace, name="Default", by="tests")
    return workspace


def steps_of(client: Client, address: str = GUIDE) -> dict[str, Any]:
    """The steps that the page shows, by name."""
    answer = client.get(address)
    assert answer.status_code == 200
    return {step.name: step for step in answer.context["page"]["steps"]}


def words(client: Client, address: str = GUIDE) -> str:
    """The state of every step in order."""
    return ", ".join(step.word for step in steps_of(client, address).values())


def test_an_empty_installation_begins_with_the_workspace(staff: Client) -> None:
    steps = steps_of(staff)

    assert words(staff) == "to do, later, later, later"
    assert steps["key"].actions[0].url == "/admin/meshes/workspace/add/?back=%2Fadmin%2Fguide%2F"
    assert "0 of 4 steps done. Next: add a workspace." in text_of(staff, GUIDE)


def test_each_step_opens_the_next_one(staff: Client, sandbox: Any) -> None:
    workspace = keyed(name="Northstar")
    assert words(staff) == "done, to do, later, later"

    rule = tag_rule(sandbox, connection=connect(sandbox, workspace=workspace), active=False)
    assert words(staff) == "done, done, to do, to do"

    type(rule).objects.filter(pk=rule.pk).update(active=True)
    assert words(staff) == "done, done, done, to do"

    sent(rule)
    assert words(staff) == "done, done, done, done"
    assert "All done: Northstar delivers to ActiveCampaign" in text_of(staff, GUIDE)


def test_a_form_leads_back_to_the_guide(staff: Client) -> None:
    organization = make_organization()
    address = steps_of(staff)["key"].actions[0].url

    answer = staff.post(address, {"organization": str(organization.pk), "name": "Northstar"})

    assert answer.url == GUIDE
    key = PublishableKey.objects.get()
    assert steps_of(staff)["key"].key == key.key
    assert f'data-copy="{key.key}"' in text_of(staff, GUIDE)


def test_a_workspace_whose_keys_are_over_gets_another(staff: Client) -> None:
    workspace = keyed()
    PublishableKey.objects.update(revoked_at=timezone.now())

    (action,) = steps_of(staff)["key"].actions
    answer = staff.post(action.url, {"name": "Website"})

    assert answer.url == f"{GUIDE}?workspace={workspace.pk}"
    assert words(staff) == "done, to do, later, later"


def test_a_connection_that_is_not_tested_offers_the_test(staff: Client) -> None:
    connection = make_connection(workspace=keyed(), last_check={})

    step = steps_of(staff)["connection"]

    assert (step.done, step.word, step.test.label) == (False, "to do", "Test connection")
    assert step.advice == "Nobody has tested it yet; press Test connection."
    assert f"/admin/connections/connection/{connection.pk}/do/test/?back=" in step.test.url
    assert step.test.url.partition("?")[0] in text_of(staff, GUIDE)


def test_a_connection_whose_key_is_refused_needs_a_working_key(staff: Client) -> None:
    reason = "authentication_invalid"
    refused = make_connection(workspace=keyed(), active=False, inactive_reason=reason)

    step = steps_of(staff)["connection"]

    assert (step.done, step.word, step.tone) == (False, "needs a working key", "bad")
    assert step.actions[0].label == "Open the connection"
    assert "Next: enter a working key for its connection." in text_of(staff, GUIDE)
    page = reverse("admin:connections_connection_change", args=[refused.pk])
    link = f'<a href="{page}">Next: enter a working key for its connection</a>'
    assert link in text_of(staff, "/admin/")


def test_a_connection_that_was_made_and_does_not_work_is_not_to_be_made_again(
    staff: Client,
) -> None:
    make_connection(workspace=keyed(), last_check={})

    assert "Next: get its connection to work." in text_of(staff, GUIDE)


def test_a_working_connection_is_shown_before_a_broken_one(staff: Client) -> None:
    workspace = keyed()
    make_connection(workspace=workspace, name="Good")
    make_connection(workspace=workspace, name="Bad", active=False)

    step = steps_of(staff)["connection"]

    assert (step.done, step.facts[0].value, step.facts[1].value) == (True, "Good", "Working")


def test_the_rule_is_told_in_words(staff: Client) -> None:
    rule = make_rule(connection=make_connection(workspace=keyed(), name="Acme AC"), page_id="crm")

    step = steps_of(staff)["rule"]

    told = [fact.value for fact in step.facts]
    assert told == [
        rule.name,
        "page.completed on the page crm",
        "add tag step-3-complete in Acme AC",
    ]


def test_an_account_without_tags_is_told_what_to_create(staff: Client) -> None:
    connection = make_connection(workspace=keyed())
    assert steps_of(staff)["rule"].advice.startswith("The account has no tag and no list yet.")

    make_catalog(connection.account)

    assert steps_of(staff)["rule"].advice == ""


@pytest.mark.parametrize(
    ("over", "advice"),
    [({"active": False}, "It is off"), ({"held_reason": "tag_not_found"}, "It is on hold")],
)
def test_a_rule_that_does_nothing_is_not_done(staff: Client, over: Any, advice: str) -> None:
    make_rule(connection=make_connection(workspace=keyed()), **over)

    step = steps_of(staff)["rule"]

    assert not step.done
    assert step.advice.startswith(advice)


def test_the_rule_form_begins_with_the_example_and_the_connection(staff: Client) -> None:
    make_connection(workspace=keyed())
    own, example = steps_of(staff)["rule"].actions

    given = staff.get(example.url).context["adminform"].form

    assert given.get_initial_for_field(given.fields["page_id"], "page_id") == "page_connect-crm"
    assert own.url.startswith("/admin/rules/rule/add/?connection=")


def test_a_test_under_way_is_told_with_its_page(staff: Client, sandbox: Any) -> None:
    rule = tag_rule(sandbox, connection=make_connection(workspace=keyed()))
    beats.start("pump")
    trial = start(rule)

    step = steps_of(staff)["test"]

    page = reverse("admin:deliveries_trial_change", args=[trial.pk])
    assert (step.done, step.facts[0].value) == (False, "The test is under way")
    assert step.facts[0].url.startswith(f"{page}?back=")
    assert step.actions[0].label == "Send another test event"


def test_the_tests_form_leads_to_the_test_and_it_back_to_the_guide(
    staff: Client, sandbox: Any
) -> None:
    rule = tag_rule(sandbox, connection=make_connection(workspace=keyed()))
    address = steps_of(staff)["test"].actions[0].url

    fields = {"how": "fields", "event": "page.completed", "email": "alex@northstar.io"}
    answer = staff.post(address, fields)

    assert answer.url.endswith(f"?back=%2Fadmin%2Fguide%2F%3Fworkspace%3D{rule.workspace_id}")
    assert "Back to the first steps" in text_of(staff, answer.url)


def test_where_real_events_were_delivered_no_test_is_needed(staff: Client) -> None:
    rule = make_rule(connection=make_connection(workspace=keyed()))
    Rollup.objects.create(
        workspace=rule.workspace, hour=timezone.now(), measure="deliveries.completed", count=1
    )

    step = steps_of(staff)["test"]

    assert step.done
    assert step.advice == "Real events have been delivered here, so no test is needed."


def test_a_test_that_was_undone_does_not_count(staff: Client, sandbox: Any) -> None:
    rule = tag_rule(sandbox, connection=None)
    sent(rule)
    Delivery.objects.update(found="undone")

    assert not steps_of(staff)["test"].done


def test_a_machine_without_a_worker_is_told_so(staff: Client) -> None:
    assert "No worker is running, so nothing is sent." in text_of(staff, GUIDE)

    beats.start("pump")

    assert "No worker is running" not in text_of(staff, GUIDE)


def test_the_code_has_the_real_key_and_address(staff: Client, admin_user: User) -> None:
    admin_user.email = "ada@northstar.io"
    admin_user.save()
    key = PublishableKey.objects.get(workspace=keyed())

    with override_settings(PUBLIC_URL="https://meshes.northstar.io"):
        codes = [each.code for each in staff.get(GUIDE).context["page"]["snippets"]]
    nearby = staff.get(GUIDE).context["page"]["snippets"][0].code

    assert len(codes) == 4
    assert all(key.key in code and "ada@northstar.io" in code for code in codes)
    assert all("https://meshes.northstar.io/api/v1" in code for code in codes)
    assert "curl http://testserver/api/v1/events " in nearby


def test_the_latest_real_event_is_told(staff: Client) -> None:
    workspace = keyed()
    make_event(workspace=workspace, is_test=True)
    assert "No real event has come yet." in text_of(staff, GUIDE)

    event = make_event(workspace=workspace, created_at=timezone.now() - timedelta(hours=2))

    text = text_of(staff, GUIDE)
    assert reverse("admin:deliveries_event_change", args=[event.pk]) in text
    assert "came 2\xa0hours ago" in text


def test_an_event_of_this_minute_came_just_now(staff: Client) -> None:
    make_event(workspace=keyed())

    assert "came just now" in text_of(staff, GUIDE)


def test_the_home_page_leads_to_the_guide_until_it_is_done(staff: Client) -> None:
    assert "Take the first steps" in text_of(staff, "/admin/")

    workspace = keyed()
    text = text_of(staff, "/admin/")
    assert "1 of 4 steps done" in text
    assert f'<a href="{GUIDE}?workspace={workspace.pk}">Next: connect ActiveCampaign</a>' in text

    rule = make_rule(connection=make_connection(workspace=workspace))
    Rollup.objects.create(
        workspace=rule.workspace, hour=timezone.now(), measure="deliveries.completed", count=1
    )
    assert "steps done" not in text_of(staff, "/admin/")


def test_many_workspaces_and_much_history_cost_the_same_queries(
    staff: Client, sandbox: Any
) -> None:
    rule = tag_rule(sandbox, connection=make_connection(workspace=keyed()))
    start(rule)
    address = f"{GUIDE}?workspace={rule.workspace_id}"
    few = queries_of(staff, address)

    for _ in range(5):
        other = make_rule(connection=make_connection(workspace=keyed()))
        make_delivery(make_event(workspace=other.workspace), other, status="completed")
        start(rule)
    many = queries_of(staff, address)

    assert many == few
    assert many <= 30
