"""What every page of the admin says while something needs a person, and to whom."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deliveries import alerts
from deliveries.banner import Banner, banner_for
from deliveries.models import Alert
from meshes.models import Membership
from tests.builders import make_connection, make_rule, make_workspace
from tests.deliveries.pages import queries_of, text_of, viewer
from tests.deliveries.troubles import CANARY, accepted, contact, failed, held, minutes, refused

pytestmark = pytest.mark.django_db

HOME = reverse("admin:index")
LIST = reverse("admin:deliveries_alert_changelist")


def banner(client: Client, page: str = HOME) -> str:
    """The banner's words, empty when the page shows none."""
    text = text_of(client, page)
    found = re.search(r'<section class="alert-banner".*?</section>', text, re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", found.group()) if found else ""
    return " ".join(unescape(words).split())


def told(client: Client, page: str) -> str:
    """The table's words on the page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text_of(client, page))).split())


@pytest.fixture
def workspace():
    workspace = make_workspace(name="Production")
    contact(workspace)
    return workspace


def test_without_trouble_no_page_says_anything(staff: Client) -> None:
    assert banner(staff) == ""


def test_every_kind_of_trouble_is_told_on_every_page(staff: Client, workspace, clock) -> None:
    line = refused(make_connection(workspace=workspace, name="Acme AC"))
    rule = held(connection=make_connection(workspace=workspace), name="CRM connected")
    failing = make_rule(connection=rule.connection, name="Invite sent", sequence_step="8")
    failed(failing, 3)
    alerts.look(timezone.now())
    expected = (
        "3 alerts need a person "
        "The connection “Acme AC” is off: the API key is not accepted. "
        "Production, since 2 Mar 2026 12:00 UTC "
        "The rule “CRM connected” is on hold: "
        "the tag of the rule no longer exists in ActiveCampaign. "
        "Production, since 2 Mar 2026 12:00 UTC "
        "3 deliveries of the rule “Invite sent” failed. "
        "Production, until 2 Mar 2026 12:00 UTC "
        "All open alerts"
    )

    for page in (HOME, LIST, reverse("admin:rules_rule_changelist")):
        assert banner(staff, page) == expected

    links = re.findall(r'href="([^"]+)"', text_of(staff, HOME))
    assert reverse("admin:connections_connection_change", args=[line.pk]) in links
    assert reverse("admin:rules_rule_change", args=[rule.pk]) in links
    chosen = f"?status=failed&amp;rule={failing.pk}&amp;connection={failing.connection_id}"
    assert reverse("admin:deliveries_delivery_changelist") + chosen in links
    assert CANARY not in text_of(staff, HOME)


def test_five_are_listed_and_all_are_counted(staff: Client, workspace) -> None:
    for number in range(7):
        refused(make_connection(workspace=workspace, name=f"Line {number}"))
    minutes(1)

    text = banner(staff)

    assert text.startswith("7 alerts need a person")
    assert text.count("is off: the API key is not accepted") == 5


def test_what_is_over_is_told_no_longer(staff: Client, workspace) -> None:
    line = refused(make_connection(workspace=workspace))
    later = minutes(1)
    accepted(line)
    minutes(1, start=later)

    assert banner(staff) == ""


def test_failures_of_yesterday_are_told_no_longer(staff: Client, workspace) -> None:
    failed(make_rule(connection=make_connection(workspace=workspace)), 3)
    minutes(1)
    Alert.objects.update(last_at=timezone.now() - timedelta(hours=24, minutes=1))

    assert banner(staff) == ""


def test_a_workspace_that_tells_nobody_says_so(staff: Client) -> None:
    refused(make_connection(workspace=make_workspace(name="Silent")))
    minutes(1)

    text = banner(staff)

    assert (
        "Nobody hears of this by mail, because the workspace “Silent” has no alert contact. Add one"
    ) in text
    assert f'href="{reverse("admin:meshes_alertcontact_add")}"' in text_of(staff, HOME)


def test_people_see_alerts_of_their_workspaces_only(workspace) -> None:
    mine = refused(make_connection(workspace=workspace, name="Mine"))
    theirs = refused(make_connection(workspace=make_workspace(name="Theirs"), name="Secret line"))
    minutes(1)
    browser = viewer("view_alert")
    Membership.objects.create(user=User.objects.get(username="viewer")).workspaces.add(workspace)

    assert banner(browser).startswith("1 alert needs a person The connection “Mine” is off")
    for page in (HOME, LIST):
        assert "Secret line" not in text_of(browser, page)
        assert str(theirs.pk) not in text_of(browser, page)
        assert str(mine.pk) not in banner(browser, page)


def test_nobody_gets_a_link_that_leads_nowhere(workspace) -> None:
    line = refused(make_connection(workspace=workspace))
    minutes(1)
    browser = viewer("view_event")

    text = text_of(browser, HOME)

    assert "1 alert needs a person" in text
    assert reverse("admin:connections_connection_change", args=[line.pk]) not in text
    assert LIST not in text


def test_strangers_read_nothing(client: Client, workspace) -> None:
    refused(make_connection(workspace=workspace, name="Acme AC"))
    minutes(1)

    answer = client.get(reverse("admin:login"))

    assert answer.status_code == 200
    assert "Acme AC" not in answer.content.decode()


def test_a_popup_shows_no_banner(staff: Client, workspace) -> None:
    refused(make_connection(workspace=workspace))
    minutes(1)

    assert banner(staff, reverse("admin:rules_rule_changelist") + "?_popup=1") == ""


@pytest.mark.parametrize("limited", [False, True])
def test_the_banner_is_one_query_and_a_few_for_the_names_of_what_is_open(
    limited: bool, workspace, django_assert_num_queries, admin_user
) -> None:
    user = admin_user
    if limited:
        viewer("view_alert")
        user = User.objects.get(username="viewer")
        Membership.objects.create(user=user).workspaces.add(workspace)
    user.has_perm("deliveries.view_alert")  # pages have asked it before
    with django_assert_num_queries(1):
        assert banner_for(user) == Banner()
    for number in range(7):
        refused(make_connection(workspace=workspace, name=f"Line {number}"))
        held(connection=make_connection(workspace=workspace), sequence_step=str(number))
    minutes(1)

    with django_assert_num_queries(5):  # alerts, workspaces, connections, rules and theirs
        assert len(banner_for(user).lines) == 5


def test_the_list_of_alerts_says_who_was_told_and_when(staff: Client, workspace, clock) -> None:
    line = refused(make_connection(workspace=workspace, name="Acme AC"))
    refused(make_connection(workspace=make_workspace(name="Silent"), name="Other AC"))
    alerts.look(timezone.now())
    clock.shift(60)
    accepted(line)
    alerts.look(timezone.now())

    text = told(staff, LIST)

    assert (
        "The connection “Acme AC” is off: the API key is not accepted. Production "
        "2 Mar 2026 12:00 UTC 2 Mar 2026 12:00 UTC 2 Mar 2026 12:01 UTC"
    ) in text
    assert (
        "The connection “Other AC” is off: the API key is not accepted. Silent "
        "2 Mar 2026 12:00 UTC Nobody to tell: the workspace has no alert contact Still open"
    ) in text
    assert "Acme AC" not in told(staff, LIST + "?state=open").split("All open alerts")[1]


def test_an_empty_list_says_what_would_appear(staff: Client) -> None:
    assert "An alert appears here when a connection's key is refused" in told(staff, LIST)


def test_the_list_costs_the_same_few_queries_for_many_rows(staff: Client, workspace) -> None:
    refused(make_connection(workspace=workspace))
    held(connection=make_connection(workspace=workspace), sequence_step="one")
    later = minutes(1)
    few = queries_of(staff, LIST)
    for number in range(30):
        held(connection=make_connection(workspace=workspace), sequence_step=str(number))
    minutes(1, start=later)

    assert queries_of(staff, LIST) == few <= 12


def test_nobody_adds_changes_or_deletes_an_alert(staff: Client, workspace) -> None:
    refused(make_connection(workspace=workspace))
    minutes(1)
    alert = Alert.objects.get()

    for page in ("change", "delete", "history"):
        address = reverse(f"admin:deliveries_alert_{page}", args=[alert.pk])
        assert staff.post(address, {"post": "yes"}).status_code in (302, 403)
    assert staff.get(reverse("admin:deliveries_alert_add")).status_code == 403
    assert list(Alert.objects.values_list("pk", "resolved_at")) == [(alert.pk, None)]
