"""The home page: figures that agree with the lists behind them, and what needs a person."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from deliveries.models import Delivery, Event
from deliveries.reports import reports
from deliveries.rollups import count_hours
from meshes.models import Membership, Workspace
from tests.builders import (
    make_connection,
    make_delivery,
    make_event,
    make_rule,
    make_workspace,
)
from tests.deliveries.pages import found, queries_of, text_of, viewer
from tests.deliveries.test_erasure_pages import words_of

pytestmark = pytest.mark.django_db

HOME = "/admin/"
NOW = timezone.now()


def counted() -> None:
    """The hourly counts of this hour and the last, as a worker keeps them."""
    count_hours(timezone.now(), until=float("inf"), kept_since=None)


@pytest.fixture
def workspace() -> Workspace:
    """Five events: delivered, failed, waiting, held, and one that matched nothing."""
    rule = make_rule(connection=make_connection(name="Acme AC"))
    for status, over in (
        ("completed", {"completed_at": NOW}),
        ("failed", {"reason": "timeout"}),
        ("retrying", {"created_at": NOW - timedelta(hours=2)}),
        ("pending", {"held_reason": "connection_inactive"}),
    ):
        make_delivery(make_event(workspace=rule.workspace), rule, status=status, **over)
    make_event(workspace=rule.workspace)
    counted()
    return rule.workspace


def test_a_report_counts_what_came_and_what_became_of_it(workspace: Workspace) -> None:
    (report,) = reports([workspace], now=timezone.now())

    assert report.day == {"accepted": 5, "matched": 4, "delivered": 1, "failed": 1}
    assert report.week == report.day
    assert (report.now.waiting, report.now.held) == (1, 1)
    assert report.now.oldest == NOW - timedelta(hours=2)
    assert (len(report.hours), len(report.days)) == (24, 7)


@pytest.mark.sqlite
def test_what_waits_is_counted_by_the_index_that_holds_nothing_else(workspace: Workspace) -> None:
    asked: list[tuple[str, Any]] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        reports([workspace], now=timezone.now())

    [(sql, params)] = [each for each in asked if "deliveries_delivery" in each[0]]
    with connection.cursor() as cursor:  # with its parameters, as those decide on SQLite's index
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        assert "delivery_not_completed" in str(cursor.fetchall())


def test_every_number_leads_to_its_list(staff: Client, workspace: Workspace) -> None:
    text = text_of(staff, HOME)
    links = re.findall(r'href="([^"]+)" aria-label="([\d,]+) (?!in )(\w+)', text)

    assert [(number, label) for _, number, label in links] == [
        ("5", "accepted"),
        ("4", "matched"),
        ("1", "delivered"),
        ("1", "failed"),
        ("1", "waiting"),
        ("1", "held"),
    ]
    for address, number, label in links:
        asked = dict(part.split("=") for part in address.split("?")[1].split("&amp;"))
        model = Event if "/event/" in address else Delivery
        assert len(found(staff, model, **asked)) == int(number), label


def test_the_numbers_of_seven_days_lead_to_theirs(staff: Client, workspace: Workspace) -> None:
    found_links = re.findall(
        r'href="([^"]+)" aria-label="(\d in 7 days, \w+)', text_of(staff, HOME)
    )
    links = {label: address for address, label in found_links}

    assert list(links) == [
        "5 in 7 days, accepted",
        "4 in 7 days, matched",
        "1 in 7 days, delivered",
        "1 in 7 days, failed",
    ]
    page = f"/admin/deliveries/event/?workspace={workspace.pk}&amp;since=7d"
    assert links["5 in 7 days, accepted"] == page


def test_each_workspace_leads_to_its_funnel(workspace: Workspace) -> None:
    funnel = f"/admin/deliveries/eventhour/?workspace={workspace.pk}"

    assert f'href="{funnel}"' in text_of(viewer("view_delivery", "view_event"), HOME)


def test_who_may_not_open_the_funnel_gets_no_link_to_it(workspace: Workspace) -> None:
    assert "/admin/deliveries/eventhour/" not in text_of(viewer("view_delivery"), HOME)


def test_what_needs_a_person_stands_there_with_its_page(staff: Client) -> None:
    connection = make_connection(name="Acme AC", active=False, inactive_reason="credentials")
    rule = make_rule(connection=connection, name="CRM connected", held_reason="tag_not_found")

    text = text_of(staff, HOME)

    assert f"/admin/rules/rule/{rule.pk}/change/" in text
    assert "CRM connected is on hold. The tag of the rule no longer exists" in text
    assert f"/admin/connections/connection/{connection.pk}/change/" in text


def test_signs_say_what_to_start_and_whether_the_books_balance(staff: Client) -> None:
    words = words_of(staff.get(HOME))

    assert "Start it with: python manage.py worker" in words
    assert "Books not counted yet" in words
    assert "Oldest waiting delivery nothing waits" in words


def test_a_person_sees_their_own_workspaces_and_only_links_they_may_open() -> None:
    mine, theirs = make_workspace(name="Mine"), make_workspace(name="Theirs")
    browser = viewer("view_delivery")
    Membership.objects.create(user=User.objects.get(username="viewer")).workspaces.add(mine)

    text = text_of(browser, HOME)

    assert "Mine" in text
    assert theirs.name not in text
    assert "/admin/deliveries/delivery/?workspace=" in text
    assert "/admin/deliveries/event/?workspace=" not in text
    assert "bookscheck" not in text


def test_people_without_a_right_to_history_see_no_figures(workspace: Workspace) -> None:
    text = text_of(viewer("view_rule"), HOME)

    assert workspace.name not in text
    assert "Accepted" not in text


def test_an_empty_installation_says_how_to_begin(staff: Client) -> None:
    assert "No workspace yet" in text_of(staff, HOME)


def test_ten_workspaces_make_a_page_and_cost_the_same_queries(staff: Client) -> None:
    make_rule()
    few = queries_of(staff, HOME)
    for _ in range(11):
        make_rule()
    many = queries_of(staff, HOME)

    assert many == few
    assert many <= 16
    assert text_of(staff, HOME).count("home-card") == 10
    assert text_of(staff, f"{HOME}?page=2").count("home-card") == 2
    assert text_of(staff, f"{HOME}?page=99").count("home-card") == 10
