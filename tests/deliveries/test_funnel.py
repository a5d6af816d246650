"""The milestone funnel: how far events got, by step and week, and whom each number counts."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from deliveries.event_hours import count_hour, hour_of
from deliveries.funnel import funnel_of, sequences_of, weeks_before
from deliveries.models import Delivery, Event
from meshes.models import Membership, Workspace
from rules.models import Rule
from tests.builders import make_attempt, make_delivery, make_event, make_rule, make_workspace
from tests.deliveries.hours import make_hour
from tests.deliveries.pages import queries_of, text_of, viewer

pytestmark = pytest.mark.django_db

FUNNEL = "/admin/deliveries/eventhour/"
SETUP = {"resource": "onboarding_sequence", "resource_id": "setup"}
NUMBER = re.compile(r'<a class="funnel-number" href="([^"]+)" aria-label="([\d,]+) (\w+), ([^"]+)"')


@pytest.fixture
def rule(clock) -> Rule:
    """A rule for step 2."""
    return make_rule(page_id="team", sequence_step="2", **SETUP)


@pytest.fixture
def counted(rule: Rule) -> Workspace:
    """Of step 1 two events, of step 2 one confirmed, one delivered, one failed; of step 4 one."""
    for step, page in (("1", "hello"), ("1", "hello"), ("4", "report")):
        reached(rule.workspace, step, page)
    for status, effect in (("completed", "applied"), ("completed", "absent"), ("failed", "")):
        event = reached(rule.workspace, "2", "team")
        now = timezone.now()
        delivery = make_delivery(event, rule, status=status, completed_at=now)
        applied = make_attempt(delivery, effect=effect).pk if effect else None
        Delivery.objects.filter(pk=delivery.pk).update(applied_id=applied)
    count_hour(hour_of(timezone.now()))
    return rule.workspace


def reached(workspace: Workspace, step: str, page: str) -> Event:
    """Somebody completed this step."""
    number = Event.objects.count()
    about = {"email": f"person{number}@example.com", "sequence_step": step, "page_id": page}
    return make_event(workspace=workspace, created_at=timezone.now(), **about, **SETUP)


def numbers(text: str) -> list[tuple[str, str, str, str]]:
    """Each number that leads to its people: address, number, stage and what it is of."""
    return [(unescape(url), *rest) for url, *rest in NUMBER.findall(text)]


def test_a_step_counts_how_far_its_events_got(counted) -> None:
    funnel = funnel_of(counted.pk, "setup", now=timezone.now())

    assert [(one.step, dict(one.total)) for one in funnel.steps] == [
        ("1", {"accepted": 2}),
        ("2", {"accepted": 3, "matched": 3, "delivered": 2, "confirmed": 1}),
        ("3", {}),
        ("4", {"accepted": 1}),
    ]
    assert [one.missing for one in funnel.steps] == [False, False, True, False]


def test_weeks_begin_on_mondays_in_the_zone_of_the_viewer() -> None:
    now = timezone.now().replace(year=2026, month=4, day=1, hour=12)

    with timezone.override("Europe/Berlin"):
        weeks = weeks_before(now, 3)

    assert [f"{week:%Y-%m-%d %H:%M %Z}" for week in weeks] == [
        "2026-03-15 23:00 UTC",
        "2026-03-22 23:00 UTC",
        "2026-03-29 22:00 UTC",
    ]


def test_the_months_of_weeks_keep_their_capital(staff: Client, counted) -> None:
    text = staff.get(FUNNEL).content.decode()

    assert re.search(r"By week, from week of \d+ [A-Z][a-z]{2} \d{4}", text)


def test_what_came_is_told_in_its_week_and_nothing_older_than_eight(clock) -> None:
    workspace = make_workspace()
    for days, count in ((0, 1), (7, 2), (49, 4), (56, 8)):
        hour = timezone.now() - timedelta(days=days)
        make_hour(workspace, hour, accepted=count, sequence_step="1", **SETUP)

    (step,) = funnel_of(workspace.pk, "setup", now=timezone.now()).steps

    assert [week["accepted"] for week in step.weeks] == [4, 0, 0, 0, 0, 0, 2, 1]


def test_a_workspace_has_the_sequences_of_its_rules_and_of_its_events(rule) -> None:
    make_hour(rule.workspace, timezone.now(), resource_id="tour")
    make_hour(make_workspace(), timezone.now(), resource_id="elsewhere")

    assert sequences_of(rule.workspace_id, now=timezone.now()) == ["setup", "tour"]


def test_every_number_opens_as_many_people_as_it_counts(staff: Client, counted) -> None:
    found = numbers(text_of(staff, FUNNEL))

    assert [(number, stage, of) for _, number, stage, of in found[:6]] == [
        ("2", "completed", "Step 1"),
        ("3", "completed", "Step 2"),
        ("3", "matched", "Step 2"),
        ("2", "delivered", "Step 2"),
        ("1", "confirmed", "Step 2"),
        ("1", "completed", "Step 4"),
    ]
    assert len(found) == 12
    for url, number, *_ in found:
        assert text_of(staff, url).count("/person/") == int(number), url


@pytest.mark.parametrize(
    ("words", "number"), [("matched no rule", 2), ("not delivered", 1), ("not confirmed", 1)]
)
def test_what_fell_short_opens_its_people_too(words, number, staff: Client, counted) -> None:
    text = text_of(staff, FUNNEL)
    (url,) = re.findall(rf'href="([^"]+week|[^"]+)">{number} {words}</a>', text)[:1]

    assert text_of(staff, unescape(url)).count("/person/") == number


def test_a_gap_in_the_sequence_stands_there_with_a_draft(staff: Client, counted) -> None:
    text = unescape(text_of(staff, FUNNEL))

    assert "A gap: no event came for this step, and no rule that is on waits for it." in text
    assert "/admin/rules/rule/add/?event=page.completed&resource_id=setup&sequence_step=3" in text


def test_a_list_of_people_goes_on_page_by_page(staff: Client, rule) -> None:
    for _ in range(52):
        reached(rule.workspace, "1", "hello")
    count_hour(hour_of(timezone.now()))
    first = text_of(staff, numbers(text_of(staff, FUNNEL))[0][0])
    older = re.search(r'<a href="([^"]+)" rel="next">', first)

    assert older
    assert first.count("/person/") == 50
    assert text_of(staff, unescape(older[1])).count("/person/") == 2


def test_no_address_of_people_names_one(staff: Client, counted) -> None:
    urls = [url for url, *_ in numbers(text_of(staff, FUNNEL))]
    people = text_of(staff, urls[0])

    assert "person0@example.com" in people
    assert not [href for href in re.findall(r'href="([^"]+)"', people) if "example.com" in href]


@pytest.mark.parametrize(
    "asked", ["", "?stage=completed", "?stage=all&event=a&since=x&until=y", "?workspace=1"]
)
def test_an_address_that_counts_nothing_is_not_there(asked, staff: Client, counted) -> None:
    assert staff.get(f"{FUNNEL}people/{asked}").status_code == 404


def test_history_that_went_is_told_where_people_are_missing(staff: Client, counted) -> None:
    url = numbers(text_of(staff, FUNNEL))[0][0].replace("since=2026", "since=2025")
    Event.objects.all().delete()

    assert "These events are gone" in text_of(staff, url)


def test_people_see_their_own_workspaces_alone(counted) -> None:
    own = make_workspace(name="Own")
    browser = viewer("view_event")
    Membership.objects.create(user=User.objects.get(username="viewer")).workspaces.add(own)

    assert "No sequence yet" in text_of(browser, FUNNEL)
    assert browser.get(f"{FUNNEL}?workspace={counted.pk}").status_code == 404
    assert browser.get(f"{FUNNEL}people/?workspace={counted.pk}").status_code == 404


def test_pages_stand_there_by_their_titles_where_an_event_named_one(staff, counted) -> None:
    now = timezone.now()
    make_event(
        workspace=counted, created_at=now, page_id="team", page_title="Invite your team", **SETUP
    )

    text = text_of(staff, FUNNEL)

    assert ">Invite your team<" in text
    assert ">team<" not in text
    assert ">hello<" in text


def test_a_hundred_steps_cost_as_many_queries_as_one(staff: Client, counted) -> None:
    few = queries_of(staff, FUNNEL)
    for step in range(5, 105):
        make_hour(counted, timezone.now(), sequence_step=str(step), page_id=f"p{step}", **SETUP)

    assert queries_of(staff, FUNNEL) == few
    assert few <= 14


def test_people_of_a_number_cost_no_query_each(staff: Client, rule) -> None:
    for _ in range(10):
        make_delivery(reached(rule.workspace, "1", "hello"), rule)
    count_hour(hour_of(timezone.now()))
    url = numbers(text_of(staff, FUNNEL))[0][0]
    few = queries_of(staff, url)
    for _ in range(6):  # so few that the search for the first id takes no step more
        make_delivery(reached(rule.workspace, "1", "hello"), rule)

    assert queries_of(staff, url) <= few + 1
    assert few <= 20
