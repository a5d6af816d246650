"""The list of rules: figures, warnings and paths, and what they cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Account, Connection
from deliveries.admin_rules import RulePagesAdmin
from deliveries.models import Rollup
from deliveries.rollups import hour_of
from meshes.models import Membership
from rules import lint_reading
from rules.lint_reading import warnings_of
from rules.models import Rule
from tests.builders import make_catalog, make_connection, make_delivery, make_event, make_rule
from tests.deliveries.pages import queries_of, text_of, viewer

pytestmark = pytest.mark.django_db
LIST = "/admin/rules/rule/"


@pytest.fixture
def connection() -> Connection:
    connection = make_connection(name="Acme AC")
    make_catalog(connection.account)
    return connection


def step(connection: Connection, number: str, **over: Any) -> Rule:
    given = {"name": f"Step {number} done", "resource_id": "setup", "sequence_step": number}
    return make_rule(connection=connection, target_id=number, **{**given, **over})


def counted(rule: Rule, measure: str, count: int, *, days: float = 0.0) -> None:
    hour = hour_of(timezone.now() - timedelta(days=days))
    Rollup.objects.create(
        workspace=rule.workspace, rule_key=str(rule.pk), hour=hour, measure=measure, count=count
    )


def test_the_list_counts_the_last_seven_days(staff: Client, connection: Connection) -> None:
    rule = make_rule(connection=connection)
    counted(rule, "deliveries.completed", 1200)
    counted(rule, "deliveries.completed", 34, days=6)
    counted(rule, "deliveries.completed", 500, days=8)
    counted(rule, "deliveries.failed", 2)
    make_delivery(make_event(workspace=rule.workspace), rule)

    page = text_of(staff, LIST)

    link = f"/admin/deliveries/delivery/?rule={rule.pk}&amp;status={{}}&amp;since=7d"
    both = [link.format(status) for status in ("delivered", "failed")]
    words = '<span><a href="{}">1,234 delivered</a>, <a href="{}">2 failed</a></span>'
    assert words.format(*both) in page
    assert "Just now" in page


def test_a_rule_that_did_nothing_says_so(staff: Client, connection: Connection) -> None:
    rule = make_rule(connection=connection)
    make_delivery(make_event(workspace=rule.workspace, is_test=True), rule)
    page = text_of(staff, LIST)
    assert "nothing" in page
    assert "Never" in page


def test_the_list_sorts_by_when_rules_fired_last(staff: Client, connection: Connection) -> None:
    early, late, _never = (step(connection, number) for number in ("1", "2", "3"))
    for hours, rule in ((5, early), (1, late)):
        event = make_event(workspace=rule.workspace)
        make_delivery(event, rule, created_at=timezone.now() - timedelta(hours=hours))
    column = RulePagesAdmin.list_display.index("fired")

    newest_first = text_of(staff, f"{LIST}?o=-{column}")
    oldest_first = text_of(staff, f"{LIST}?o={column}")

    assert order_of(newest_first) == ["Step 2 done", "Step 1 done", "Step 3 done"]
    assert order_of(oldest_first) == ["Step 3 done", "Step 1 done", "Step 2 done"]


def order_of(page: str) -> list[str]:
    """The names of the three rules as the list's rows show them."""
    rows = page.partition("<tbody")[2]
    return sorted((f"Step {n} done" for n in "123"), key=rows.index)


def test_the_list_reads_by_sequence_and_step(staff: Client, connection: Connection) -> None:
    for number in ("10", "2", "1"):
        step(connection, number)
    answer = staff.get(LIST)
    assert [rule.sequence_step for rule in answer.context["cl"].result_list] == ["1", "2", "10"]
    assert "A step before it is missing" in answer.content.decode()


def test_a_path_shows_what_is_missing_with_a_way_to_add_it(
    staff: Client, connection: Connection
) -> None:
    step(connection, "1")
    step(connection, "3")
    make_rule(connection=connection, name="Elsewhere", resource_id="other")

    answer = staff.get(LIST, {"sequence": "setup"})

    (path,) = answer.context["paths"]
    assert [(each.step, len(each.rules)) for each in path.steps] == [("1", 1), ("2", 0), ("3", 1)]
    add = staff.get(path.steps[1].add_url).context["adminform"].form
    assert (add["resource_id"].value(), add["sequence_step"].value()) == ("setup", "2")


def test_warnings_stand_on_the_list_and_on_the_page_of_the_rule(
    staff: Client, connection: Connection
) -> None:
    first = make_rule(connection=connection, name="First", page_id="crm")
    make_rule(connection=connection, name="Second", page_id="team")
    other = make_rule(connection=connection, name="Other", page_id="x", target_id="13")

    sentence = "“First” and “Second” both add tag “step-3-complete” in Acme AC."
    assert sentence in text_of(staff, LIST)
    assert sentence in text_of(staff, f"{LIST}{first.pk}/change/")
    assert sentence not in text_of(staff, f"{LIST}{other.pk}/change/")


def test_warnings_of_other_workspaces_are_not_told(connection: Connection) -> None:
    elsewhere = make_connection(name="Secret AC")
    for number in range(2):
        make_rule(connection=elsewhere, name=f"Hidden {number}", page_id=str(number))
    make_rule(connection=connection, name="Mine", target_id="13")
    client = viewer("view_rule")
    Membership.objects.create(user_id=client.session["_auth_user_id"]).workspaces.add(
        connection.workspace
    )

    page = text_of(client, LIST)

    assert "Mine" in page
    assert "Hidden" not in page
    assert "Secret AC" not in page


def test_the_list_costs_the_same_for_one_rule_and_for_many(
    staff: Client, connection: Connection
) -> None:
    make_rule(connection=connection)
    one = queries_of(staff, LIST)
    for number in range(40):
        other = make_connection(workspace=connection.workspace)
        make_delivery(make_event(), make_rule(connection=other, page_id=str(number)))
    assert queries_of(staff, LIST) == one <= 20


def test_ten_thousand_rules_do_not_break_the_list(staff: Client, connection: Connection) -> None:
    model = make_rule(connection=connection)
    values = {f.attname: getattr(model, f.attname) for f in Rule._meta.concrete_fields[1:]}
    values |= {"resource_id": "setup"}
    rules = [
        Rule(**{**values, "name": f"R{n}", "sequence_step": str(n), "page_id": str(n)})
        for n in range(10_000)
    ]
    Rule.objects.bulk_create(
        [
            Rule(**{f.attname: getattr(r, f.attname) for f in Rule._meta.concrete_fields})
            for r in rules
        ],
        batch_size=500,
    )

    assert queries_of(staff, LIST) <= 20
    assert queries_of(staff, f"{LIST}?sequence=setup") <= 21
    assert queries_of(staff, f"{LIST}{model.pk}/change/") <= 20


def test_targets_too_many_to_read_are_not_called_gone(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rule(connection=connection, target_id="99")
    Account.objects.update(catalog_refreshed_at=timezone.now())
    workspace = connection.workspace_id
    assert [one.kind for one in warnings_of([workspace])[workspace]] == ["target_gone"]
    monkeypatch.setattr(lint_reading, "MOST_TARGETS", 1)
    assert warnings_of([workspace])[workspace] == ()
