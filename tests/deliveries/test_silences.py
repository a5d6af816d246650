"""An event that stops coming is told once, and once more when it comes again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from deliveries import alert_mail, silence_alerts
from deliveries.models import Alert
from deliveries.silences import Source, silences_of
from meshes.models import Workspace
from tests.builders import make_event, make_workspace
from tests.deliveries.hours import HOUR, make_hour, office, rhythm
from tests.deliveries.pages import text_of
from tests.deliveries.troubles import contact

pytestmark = pytest.mark.django_db

MAIL = """\
The event “page.completed” usually comes, and has not come since 2 Mar 2026 12:00 UTC.

Workspace: Production

Next step: ask the team of your product whether the page or the call that sends it was changed. \
Meshes tells you when it comes again.

http://localhost:8000/admin/deliveries/eventhour/silent/?workspace={pk}

You get this mail as an alert contact of the workspace “Production”.
"""


@pytest.fixture
def workspace(clock) -> Workspace:
    """At noon, page.completed has come forty times an hour for three weeks from two pages."""
    workspace = make_workspace(name="Production")
    contact(workspace)
    for page in ("crm", "team"):
        comes(workspace, page_id=page)
    return workspace


def comes(workspace: Workspace, *, count=lambda _: 20, **over) -> None:
    """The counts of something that has come in this rhythm until now."""
    for hour, number in rhythm(count, until=timezone.now()).items():
        make_hour(workspace, hour, **{"accepted": number, **over})


def look(workspace: Workspace) -> None:
    """What a worker does each quarter of an hour, and the mails."""
    silence_alerts.look_at(workspace.pk, now=timezone.now())
    alert_mail.send_due(timezone.now())


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def test_a_name_that_stops_is_one_silence_and_its_pages_are_not_told(workspace, clock) -> None:
    clock.shift(3 * HOUR)

    (found,) = silences_of(workspace.pk, now=timezone.now())

    assert found.source == Source("page.completed", whole=True)
    assert found.silence.expected == 120


def test_a_page_that_stops_while_others_go_on_is_told_by_itself(workspace, clock) -> None:
    for passed in range(3):
        make_hour(workspace, timezone.now() + HOUR * passed, page_id="team", accepted=20)
    clock.shift(3 * HOUR)

    (found,) = silences_of(workspace.pk, now=timezone.now())

    assert found.source == Source("page.completed", page_id="crm")


def test_counts_that_lag_behind_are_no_silence(workspace, clock) -> None:
    clock.shift(3 * HOUR)
    make_event(workspace=workspace, page_id="crm", created_at=timezone.now() - HOUR)
    make_event(workspace=workspace, page_id="team", created_at=timezone.now() - HOUR)

    assert silences_of(workspace.pk, now=timezone.now()) == []


def test_what_comes_at_office_hours_is_missed_by_none_of_its_nights(clock) -> None:
    workspace = make_workspace()
    clock.move_to("2026-02-27T17:00:00Z")
    comes(workspace, count=office)
    clock.move_to("2026-03-02T08:59:00Z")

    assert silences_of(workspace.pk, now=timezone.now()) == []


def test_a_silence_is_mailed_once_however_often_one_looks(workspace, clock) -> None:
    clock.shift(3 * HOUR)
    for _ in range(8):
        look(workspace)
        clock.shift(timedelta(minutes=15))

    (message,) = mail.outbox
    assert message.subject == (
        "[Meshes] The event “page.completed” usually comes, "
        "and has not come since 2 Mar 2026 12:00 UTC"
    )
    assert message.body == MAIL.format(pk=workspace.pk)
    assert Alert.objects.get().kind == "silence"


def test_several_that_stop_together_are_one_mail_at_the_end_as_at_the_start(clock) -> None:
    workspace = make_workspace(name="Production")
    contact(workspace)
    for name in ("page.completed", "trial.started"):
        comes(workspace, event=name)
    clock.shift(4 * HOUR)
    look(workspace)
    assert Alert.objects.filter(mailed_at__isnull=False).count() == 2
    for name in ("page.completed", "trial.started"):
        make_event(workspace=workspace, event=name, created_at=timezone.now())

    look(workspace)

    assert [subject.rsplit(",", 1)[1] for subject in subjects()] == [" and 1 more"] * 2
    assert "comes again" in subjects()[1]
    assert not Alert.objects.filter(resolved_at__isnull=True).exists()


def test_what_comes_again_before_it_was_told_ends_without_a_mail(workspace, clock) -> None:
    clock.shift(3 * HOUR)
    silence_alerts.look_at(workspace.pk, now=timezone.now())
    make_event(workspace=workspace, page_id="crm", created_at=timezone.now())

    look(workspace)

    assert mail.outbox == []
    assert Alert.objects.get().resolved_at == timezone.now()


def test_the_mail_of_several_goes_out_though_the_first_comes_again(clock) -> None:
    workspace = make_workspace()
    contact(workspace)
    for name in ("page.completed", "trial.started"):
        comes(workspace, event=name)
    clock.shift(4 * HOUR)
    silence_alerts.look_at(workspace.pk, now=timezone.now())
    first = Alert.objects.get(mail_after__isnull=False)
    make_event(workspace=workspace, event=first.event, created_at=timezone.now())

    look(workspace)

    (other,) = Alert.objects.filter(resolved_at__isnull=True)
    assert subjects() == [
        f"[Meshes] The event “{other.event}” usually comes, "
        "and has not come since 2 Mar 2026 12:00 UTC"
    ]


def test_after_two_weeks_nobody_waits_for_it_any_more(workspace, clock) -> None:
    clock.shift(3 * HOUR)
    look(workspace)
    clock.shift(timedelta(days=14))

    look(workspace)

    assert len(mail.outbox) == 1
    assert Alert.objects.get().resolved_at == timezone.now()


def test_each_workspace_has_its_turn_within_a_quarter_of_an_hour(workspace, clock) -> None:
    clock.shift(3 * HOUR)
    for _ in range(silence_alerts.EVERY_MINUTES):
        silence_alerts.look(timezone.now())
        clock.shift(60)

    assert Alert.objects.count() == 1


def test_a_deleted_workspace_has_no_silence(workspace, clock) -> None:
    clock.shift(3 * HOUR)
    look(workspace)
    Workspace.objects.update(deleted_at=timezone.now())

    silence_alerts.look(timezone.now())

    assert Alert.objects.get().resolved_at == timezone.now()


def test_the_page_and_the_banner_name_what_is_silent(staff, workspace, clock) -> None:
    clock.shift(3 * HOUR)
    look(workspace)

    text = text_of(staff, f"/admin/deliveries/eventhour/silent/?workspace={workspace.pk}")

    assert "page.completed, on every page" in text
    assert "About 120 should have come meanwhile" in text
    assert "its longest pause in two weeks was less than an hour" in text
    assert "The event “page.completed” usually comes, and has not come since" in text


def test_a_silent_page_is_named_by_its_title(staff, workspace, clock) -> None:
    before = timezone.now() - HOUR
    make_event(workspace=workspace, created_at=before, page_id="crm", page_title="Connect your CRM")
    for passed in range(3):
        make_hour(workspace, timezone.now() + HOUR * passed, page_id="team", accepted=20)
    clock.shift(3 * HOUR)

    text = text_of(staff, f"/admin/deliveries/eventhour/silent/?workspace={workspace.pk}")

    assert "page.completed · Connect your CRM" in text
