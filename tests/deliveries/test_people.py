"""One person's page: every event, what came of it, and what the accounts hold of them now."""

from __future__ import annotations

import logging
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from deliveries import persons
from deliveries.models import Delivery, Erasure, Event
from deliveries.persons import history_of, person_of
from deliveries.seeking import Place
from meshes.models import Membership
from rules.models import Rule
from tests.builders import make_catalog_entry, make_delivery, make_event, make_rule, make_workspace
from tests.deliveries.pages import CRM, SECRET, listed, page, queries_of, text_of, viewer
from tests.deliveries.scenes import EMAIL, due, send_one, tag_rule

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/deliveries/event/people/"
ALEX = "alex@example.com"


def person_page(row: Event | Delivery) -> str:
    """The address of the page of whom the row is about."""
    return f"/admin/deliveries/{row._meta.model_name}/{row.pk}/person/"


def theirs(event: Event | Delivery) -> list[int]:
    """The events that the person's page lists."""
    person = person_of(event)
    assert person is not None
    return list(history_of(person, place=Place()).ids)


@pytest.fixture
def rule() -> Rule:
    return make_rule(name="CRM connected")


def test_events_of_the_address_and_of_the_user_id_are_one_person(rule) -> None:
    first = make_event(workspace=rule.workspace, email=ALEX, user_id="u1")
    without_id = make_event(workspace=rule.workspace, email=ALEX)
    without_address = make_event(workspace=rule.workspace, email="", user_id="u1")
    make_event(workspace=rule.workspace, email="kim@example.com", user_id="u2")
    make_event(workspace=make_workspace(), email=ALEX, user_id="u1")
    wanted = [without_address.pk, without_id.pk, first.pk]

    assert theirs(first) == theirs(without_id) == theirs(without_address) == wanted


def test_the_pages_of_people_are_headed_people(staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, email=ALEX)

    for address in (PEOPLE, person_page(event)):
        heading = re.search(r"<h1.*?</h1>", staff.get(address).content.decode(), re.DOTALL)
        assert heading is not None
        assert "People" in heading[0]
        assert "Events" not in heading[0]


def test_a_user_id_that_others_use_too_brings_no_stranger(staff: Client, rule) -> None:
    mine = make_event(workspace=rule.workspace, email=ALEX, user_id="anonymous")
    make_event(workspace=rule.workspace, email="kim@example.com", user_id="anonymous")
    nobody = make_event(workspace=rule.workspace, email="", user_id="anonymous")

    assert theirs(mine) == [mine.pk]
    assert "The user id anonymous is used by other addresses, too." in text_of(
        staff, person_page(mine)
    )
    assert "kim@example.com" not in text_of(staff, person_page(mine))
    assert nobody.pk in theirs(nobody)


def test_what_was_delivered_to_the_address_from_an_event_of_others_is_theirs(rule) -> None:
    event = make_event(workspace=rule.workspace, email="boss@example.com")
    delivery = make_delivery(event, rule, email=ALEX)

    assert theirs(delivery) == [event.pk]


def test_each_event_stands_there_with_its_verdict_and_deliveries(staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, **CRM)
    delivery = make_delivery(event, rule, status="completed")
    lost = make_event(workspace=rule.workspace, email=ALEX, event="trial.started")

    text = text_of(staff, person_page(event))

    assert "Connect your CRM (step 3), completed 21 Mar 2026 15:06 UTC" in text
    assert "Matched 1 rule: 1 delivered" in text
    assert page(delivery) in text
    assert "Matched no rule" in text
    assert f"{page(lost)}#rules" in text
    assert SECRET not in text


def test_the_newest_come_first_page_by_page(staff: Client, rule) -> None:
    events = [make_event(workspace=rule.workspace, event=f"e{n}") for n in range(32)]
    first = text_of(staff, person_page(events[0]))
    older = re.search(r'<a href="([^"]+)" rel="next">', first)

    assert first.index("e31</a>") < first.index("e2</a>")
    assert older
    assert "e1</a>" in text_of(staff, older[1])
    assert "e2</a>" not in text_of(staff, older[1])


def test_every_place_that_shows_an_address_leads_there(staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, email=ALEX)
    delivery = make_delivery(event, rule)

    for address, row in (
        (listed(Event), event),
        (page(event), event),
        (listed(Delivery), delivery),
        (page(delivery), delivery),
    ):
        assert f'href="{person_page(row)}"' in text_of(staff, address), address


@pytest.mark.parametrize("term", [ALEX, " ALEX@Example.com ", "u_1001"])
def test_finding_leads_to_an_address_that_names_nobody(term, staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, **CRM)

    answer = staff.post(PEOPLE, {"who": term})

    assert (answer.status_code, answer["Location"]) == (302, person_page(event))


@pytest.mark.parametrize("term", ["", "kim@example.com", "alex", "a\x00b"])
def test_who_is_not_there_is_told_and_the_form_stays(term, staff: Client, rule) -> None:
    make_event(workspace=rule.workspace, email=ALEX)

    answer = staff.post(PEOPLE, {"who": term})

    assert answer.status_code == 200
    assert "No event and no delivery names this person." in answer.content.decode()


def test_who_is_known_by_a_delivery_alone_is_found(rule) -> None:
    delivery = make_delivery(make_event(workspace=rule.workspace, email=""), rule, email=ALEX)

    assert persons.find(ALEX, workspaces=None) == delivery


def test_a_button_asks_the_account_and_keeps_nothing(staff: Client, sandbox) -> None:
    delivery = send_one(due(tag_rule(sandbox)))
    tag = delivery.target_id
    make_catalog_entry(delivery.account, kind="tag", external_id=tag, label="step-3-complete")
    before = list(Delivery.objects.values())

    answer = staff.post(person_page(delivery.event))

    text = answer.content.decode()
    assert '<li class="history-chip">step-3-complete</li>' in text
    assert "none, so no mail will go out" in text
    assert list(Delivery.objects.values()) == before


def test_an_account_that_refuses_is_told_in_a_sentence(staff: Client, sandbox) -> None:
    delivery = send_one(due(tag_rule(sandbox)))
    sandbox.faults.set("forbidden_empty")

    text = staff.post(person_page(delivery.event)).content.decode()

    assert "does not accept this key" in text
    assert "Matched 1 rule: 1 delivered" in text


def test_only_those_who_may_read_back_ask_an_account(sandbox) -> None:
    delivery = send_one(due(tag_rule(sandbox)))
    asked = len(sandbox.state.requests)
    browser = viewer("view_event", "view_delivery")

    assert "Ask now" not in text_of(browser, person_page(delivery.event))
    assert browser.post(person_page(delivery.event)).status_code == 403
    assert len(sandbox.state.requests) == asked


def test_the_logs_of_asking_and_finding_name_nobody(staff: Client, sandbox, caplog) -> None:
    delivery = send_one(due(tag_rule(sandbox)))
    caplog.set_level(logging.DEBUG)
    caplog.clear()

    staff.post(PEOPLE, {"who": EMAIL})
    staff.post(person_page(delivery.event))

    assert "person_read_back" in caplog.text
    assert EMAIL not in caplog.text


def test_the_erase_button_leads_to_the_question_first(staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, email=ALEX)
    text = text_of(staff, person_page(event))
    hidden = dict(
        re.findall(r'<input type="hidden" name="(email|workspace)" value="([^"]+)"', text)
    )

    answer = staff.post("/admin/deliveries/erasure/ask/", hidden)

    assert hidden == {"email": ALEX, "workspace": str(rule.workspace_id)}
    assert f"Erase {ALEX} in the workspace {rule.workspace.name}?" in answer.content.decode()
    assert not Erasure.objects.exists()


def test_those_who_may_not_erase_see_no_button(rule) -> None:
    event = make_event(workspace=rule.workspace, email=ALEX)

    assert "Erase this person" not in text_of(viewer("view_event"), person_page(event))


def test_who_was_erased_has_no_page(staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, email="", erased_at=timezone.now())

    answer = staff.get(person_page(event), follow=True)

    assert answer.redirect_chain[-1][0] == page(event)
    assert "This event names nobody any more" in answer.content.decode()


def test_a_person_of_another_workspace_is_nobody_here(rule) -> None:
    event = make_event(workspace=rule.workspace, email=ALEX)
    own = make_event(workspace=make_workspace(name="Own"), email=ALEX)
    browser = viewer("view_event")
    Membership.objects.create(user=User.objects.get(username="viewer")).workspaces.add(
        own.workspace
    )

    assert browser.get(person_page(event)).status_code == 404
    assert browser.post(PEOPLE, {"who": ALEX})["Location"] == person_page(own)
    assert rule.workspace.name not in text_of(browser, person_page(own))


def test_other_workspaces_that_know_the_address_are_a_click_away(staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, email=ALEX)
    other = make_event(workspace=make_workspace(name="Other one"), email=ALEX)

    text = text_of(staff, person_page(event))

    assert f'<a href="{person_page(other)}">Other one</a>' in text


def test_people_without_a_right_to_history_find_nobody(rule) -> None:
    event = make_event(workspace=rule.workspace, email=ALEX)
    browser = viewer("view_rule")

    assert browser.get(PEOPLE).status_code == 403
    assert browser.get(person_page(event)).status_code == 403


def test_thirty_events_cost_as_many_queries_as_one(staff: Client, rule) -> None:
    event = make_event(workspace=rule.workspace, **CRM)
    make_delivery(event, rule)
    few = queries_of(staff, person_page(event))
    for _ in range(29):
        make_delivery(make_event(workspace=rule.workspace, **CRM), rule)

    assert queries_of(staff, person_page(event)) == few
    assert few <= 24
