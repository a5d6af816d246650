"""What the pages of test events show, and sending what the form holds; thin edges call it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from deliveries import admin_displays as displays
from deliveries import trial_cleaning, trial_plan, trying, wording
from deliveries.admin_facts import Fact
from deliveries.models import Delivery, Event, Trial
from deliveries.permissions import MAY_READ_BACK, MAY_REPLAY
from deliveries.permissions import MAY_SEND_TEST as MAY_TEST
from deliveries.trial_form import FIELDS, JSON, TrialForm
from deliveries.trial_prefill import (
    addresses,
    body_of,
    body_sent,
    fields_of,
    is_only_fields,
    prefilled,
)
from deliveries.trial_stages import Course, course
from deliveries.trial_waiting import before_sending
from deliveries.trying import RealPerson
from deliveries.verdicts import verdicts_of
from meshes.admin_base import who
from meshes.admin_returning import back_of, with_back
from meshes.api_errors import ApiError, Fault
from meshes.visibility import limited_to
from rules.facts import normalized_email
from rules.models import Rule
from rules.wording import action_words

MAY_EDIT_RULES = "rules.change_rule"
ROW = ("workspace", "rule", "rule_version__connection", "event")


def form_page(request: HttpRequest, rule: Rule) -> dict[str, Any]:
    """The form with what stands in the way of a test now."""
    known = addresses(
        getattr(request.user, "email", ""), by=who(request), workspace_id=rule.workspace_id
    )
    return {
        "rule": rule,
        "condition": wording.condition(rule),
        "action": action_words(rule),
        "rule_url": displays.address(rule),
        "back": back_of(request) or displays.address(rule),
        "obstacles": before_sending(rule, now=timezone.now()),
        "form": _form(request, rule, known),
        "real": "",
    }


def send(request: HttpRequest, page: dict[str, Any]) -> Trial | None:
    """The test that the form of the page asks for; None when something must be corrected."""
    form: TrialForm = page["form"]
    if not form.is_valid():
        return None
    own = normalized_email(getattr(request.user, "email", ""))
    try:
        return trying.start(
            page["rule"],
            raw=form.raw(),
            by=who(request),
            now=timezone.now(),
            sure=(own, form.cleaned_data["sure"]),
        )
    except RealPerson as error:
        page["real"], page["real_why"] = error.email, str(error)
    except ApiError as error:
        _add_faults(form, error)
    return None


def story(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    """The test in words: its stages, what every rule said, its clean-up and what comes next."""
    delivery = delivery_of(trial)
    return {
        "sentence": f"Test of “{trial.rule_version.name}”",
        **live(request, trial, delivery),
        "live_url": with_back(
            reverse("admin:deliveries_trial_stages", args=[trial.pk]), back_of(request)
        ),
        "verdicts": verdicts_of(
            trial.event,
            [delivery] if delivery else [],
            everything=request.GET.get("rules") == "all",
        ),
        "may_see_rules": request.user.has_perm("rules.view_rule"),
        "facts": _facts(trial, delivery),
        "ids": [Fact("Test id", str(trial.uuid)), Fact("Event id", str(trial.event.uuid))],
        "erased": wording.erased(trial.event),
    }


def live(request: HttpRequest, trial: Trial, delivery: Delivery | None) -> dict[str, Any]:
    """The part of the story that changes while somebody looks."""
    found = course(trial, delivery, now=timezone.now())
    may_clean = request.user.has_perm(MAY_TEST) and trial_cleaning.may_clean(trial)
    clean_up = reverse("admin:deliveries_trial_button", args=[trial.pk, "clean-up"])
    return {
        "course": found,
        "title": f"Test of “{trial.rule_version.name}”",
        "cleaning": cleaning(trial, delivery),
        "clean_up_url": clean_up if may_clean else "",
        "next": _next(request, trial, delivery, found),
    }


def delivery_of(trial: Trial) -> Delivery | None:
    """The test's delivery with all that its stages show."""
    related = ("connection", "account", "rule", "rule_version")
    rows = Delivery.objects.filter(event=trial.event_id).select_related(*related)
    return rows.defer("progress").first()


def cleaning(trial: Trial, delivery: Delivery | None) -> dict[str, Any]:
    """What a clean-up would do, or what it did."""
    if trial.cleaned_at is not None:
        when = wording.moment(trial.cleaned_at, seconds=True)
        return {"done": trial.cleaned, "when": when, "by": trial.cleaned_by, "promise": []}
    return {"done": [], "promise": _promise(trial, delivery)}


def _promise(trial: Trial, delivery: Delivery | None) -> list[str]:
    if delivery is None:
        return [trial_cleaning.NOTHING_SENT]
    if not delivery.email:
        return [trial_cleaning.ERASED]
    subject = trial_cleaning.subject_of(delivery)
    if subject is None:
        return [trial_cleaning.NOT_OFFERED]
    waits = delivery.status in ("pending", "retrying")
    first = ["Cancels the delivery, which has not ended."] if waits else []
    return [*first, *trial_plan.promise(trial.before, subject)]


def _form(request: HttpRequest, rule: Rule, known: list[str]) -> TrialForm:
    if request.method == "POST":
        return TrialForm(request.POST, addresses=known)
    earlier = _earlier(request, rule)
    if earlier is not None:
        how = FIELDS if is_only_fields(earlier) else JSON
        given = {**fields_of(earlier), "body": body_sent(earlier), "how": how}
        return TrialForm(initial=given, addresses=known)
    fields = prefilled(rule, email=known[0] if known else "", now=timezone.now())
    return TrialForm(initial={**fields, "body": body_of(fields)}, addresses=known)


def _earlier(request: HttpRequest, rule: Rule) -> Event | None:
    """The person's own earlier test that is to be changed and sent again."""
    try:
        asked = UUID(request.GET.get("again", ""))
    except ValueError:
        return None
    rows = limited_to(Trial.objects.filter(rule=rule), request.user, path="workspace")
    own = rows.filter(uuid=asked, asked_by=who(request), event__erased_at__isnull=True)
    found = own.select_related("event").first()
    return found.event if found else None


def _add_faults(form: TrialForm, error: ApiError) -> None:
    """Each fault beside its field where the fields are sent, else above the form."""
    faults = list(error.data) or [Fault("", error.message)]
    for param, message in faults:
        name = param.removeprefix("payload.")
        beside = form.cleaned_data["how"] == FIELDS and name in form.fields
        form.add_error(
            name if beside else None, f"It {message}." if beside else f"{param} {message}".strip()
        )


def _facts(trial: Trial, delivery: Delivery | None) -> list[Fact]:
    event = trial.event
    email = (delivery.email if delivery else "") or event.email
    told = [
        Fact("Contact", email, displays.person_address(event)),
        Fact("Page", wording.sentence(event)),
        Fact("Event", event.event, displays.address(event)),
        Fact("Rule", trial.rule_version.name, displays.address(trial.rule)),
        Fact("What it does", displays.action(delivery) if delivery else ""),
        Fact("Connection", trial.rule_version.connection.name),
        Fact("Workspace", trial.workspace.name),
        Fact("Sent by", trial.asked_by),
        Fact("Sent", wording.moment(trial.created_at, seconds=True)),
    ]
    return [fact for fact in told if fact.value]


def _next(
    request: HttpRequest, trial: Trial, delivery: Delivery | None, found: Course
) -> list[tuple[str, str]]:
    """Where a person goes from here: pairs of a label and an address."""
    again = reverse("admin:deliveries_trial_new", args=[trial.rule_id])
    again, back = f"{again}?again={trial.uuid}", back_of(request)
    may = request.user.has_perm
    steps = [("Go back", back)] if back else []
    steps += [("Change and send again", with_back(again, back))] if may(MAY_TEST) else []
    if delivery is not None:
        page = displays.address(delivery)
        steps.append(("Open the delivery", page))
        button = page.removesuffix("change/") + "do/{}/"
        if delivery.status in ("completed", "failed", "canceled") and may(MAY_REPLAY):
            steps.append(("Replay…", button.format("replay")))
        if found.stages[-1].state == "stopped" and may(MAY_READ_BACK):
            steps.append(("Verify now…", button.format("verify")))
    rule_page = displays.address(trial.rule)
    off = "Turn the rule on" if not trial.rule.active else "Edit the rule"
    return [*steps, (off, rule_page)] if may(MAY_EDIT_RULES) else steps
