"""What alerts say: a headline for the banner, and the mails; names of people never occur.

Only reads the rows that an alert names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from connections import destinations
from connections.models import Connection, InactiveReason
from deliveries import wording
from deliveries.models import Alert
from deliveries.reasons import REASONS, Reason, explained

RULES_LISTED = 20
UNKNOWN = Reason(
    "Nobody has described this cause yet.",
    "The operator of Meshes finds out more.",
    "Open one of the deliveries and read its attempts.",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in plain text."""

    subject: str
    body: str


def headline(alert: Alert) -> str:
    """What is wrong, in one sentence without its period."""
    if alert.kind == Alert.Kind.CONNECTION_INACTIVE:
        return f"The connection “{alert.connection}” is off: {_off_because(alert)}"
    if alert.kind == Alert.Kind.RULE_HELD:
        return f"The rule “{alert.rule}” is on hold: {_mid(_held_because(alert).happened)}"
    if alert.kind == Alert.Kind.SILENCE:
        return f"{silent_words(alert)} usually comes, and has not come since {_last(alert)}"
    return f"{_deliveries(total(alert))} of the rule “{alert.rule}” failed"


def silent_words(alert: Alert) -> str:
    """What fell silent: `The event “page.completed” of step 3, page crm`."""
    step = f"step {alert.sequence_step}" if alert.sequence_step else ""
    page = f"page {alert.page_id}" if alert.page_id else ""
    places = ", ".join(filter(None, (alert.resource_id, step, page)))
    return f"The event “{alert.event}”{f' of {places}' if places else ''}"


def path_of(alert: Alert) -> str:
    """The admin page on which a person does something about it."""
    if alert.kind == Alert.Kind.CONNECTION_INACTIVE:
        return reverse("admin:connections_connection_change", args=[alert.connection_id])
    if alert.kind == Alert.Kind.RULE_HELD:
        return reverse("admin:rules_rule_change", args=[alert.rule_id])
    if alert.kind == Alert.Kind.SILENCE:
        page = reverse("admin:deliveries_silence")
        return f"{page}?{urlencode({'workspace': alert.workspace_id})}"
    chosen = {"status": "failed", "rule": alert.rule_id, "connection": alert.connection_id}
    return _deliveries_path(**chosen)


def total(alert: Alert) -> int:
    """How many deliveries a digest's row counts."""
    return sum(alert.counts.values())


def trouble(alert: Alert) -> Letter:
    """The mail that a connection or a rule needs a person."""
    held = alert.kind == Alert.Kind.RULE_HELD
    cause = _held_because(alert) if held else REASONS["connection_inactive"]
    waits = "Its deliveries wait; none is lost."
    return _letter(
        headline(alert),
        f"{headline(alert)}. {waits}",
        f"Workspace: {alert.workspace}\nSince: {wording.moment(alert.raised_at)}",
        f"Who fixes it: {cause.fixed_by}\nNext step: {cause.next_step}",
        _address(path_of(alert)),
        _because(alert),
    )


def works_again(alert: Alert) -> Letter:
    """The mail that it is over."""
    held = alert.kind == Alert.Kind.RULE_HELD
    what = f"The rule “{alert.rule}”" if held else f"The connection “{alert.connection}”"
    return _letter(
        f"{what} works again",
        f"{what} works again. What waited for it goes out by itself; nobody has to do anything.",
        f"Workspace: {alert.workspace}",
        _address(path_of(alert)),
        _because(alert),
    )


def silence(alerts: Sequence[Alert]) -> Letter:
    """The mail that events have stopped coming, all that were noticed together."""
    first, more = alerts[0], len(alerts) - 1
    others = f", and {more} more" if more else ""
    return _letter(
        f"{headline(first)}{others}",
        *(f"{headline(alert)}." for alert in alerts),
        f"Workspace: {first.workspace}",
        "Next step: ask the team of your product whether the page or the call that sends it "
        "was changed. Meshes tells you when it comes again.",
        _address(path_of(first)),
        _because(first),
    )


def comes_again(alerts: Sequence[Alert]) -> Letter:
    """The mail that they come again."""
    first, more = alerts[0], len(alerts) - 1
    others = f", and {more} more" if more else ""
    return _letter(
        f"{silent_words(first)} comes again{others}",
        *(f"{silent_words(alert)} comes again; nobody has to do anything." for alert in alerts),
        f"Workspace: {first.workspace}",
        _address(path_of(first)),
        _because(first),
    )


def digest(alerts: Sequence[Alert]) -> Letter:
    """The mail about repeated failures, the rule with the most of them first."""
    first, count = alerts[0], sum(map(total, alerts))
    said = f"{_deliveries(count)} failed in the workspace “{first.workspace}”"
    more = len(alerts) - RULES_LISTED
    everything = _deliveries_path(status="failed", workspace=first.workspace_id)
    return _letter(
        said,
        f"{said}. Meshes has stopped trying them.",
        *map(_paragraph, alerts[:RULES_LISTED]),
        f"And {more} more rules." if more > 0 else "",
        "Next step: open the list of a rule; each delivery there says what to do.",
        f"All failed deliveries: {_address(everything)}",
        f"The next mail of this kind comes in an hour at the earliest. {_because(first)}",
    )


def _paragraph(alert: Alert) -> str:
    lines = [f"Rule “{alert.rule}”, connection “{alert.connection}”:"]
    for code, count in sorted(alert.counts.items(), key=lambda found: (-found[1], found[0])):
        cause = _explained(code, alert.connection)
        lines.append(f"- {count}: {cause.happened} {cause.fixed_by}")
    return "\n".join([*lines, _address(path_of(alert))])


def _letter(subject: str, *paragraphs: str) -> Letter:
    body = "\n\n".join(filter(None, paragraphs))
    return Letter(f"[Meshes] {' '.join(subject.split())}", f"{body}\n")


def _last(alert: Alert) -> str:
    return wording.moment(alert.last_at)


def _off_because(alert: Alert) -> str:
    known = dict(InactiveReason.choices)
    return _mid(str(known.get(alert.reason, alert.reason.replace("_", " "))))


def _mid(sentence: str) -> str:
    """The sentence as it goes on after a colon; a name at its start keeps its capital."""
    begins = sentence.startswith(("The ", "A ", "Access "))
    first = sentence[:1].lower() if begins else sentence[:1]
    return f"{first}{sentence[1:].rstrip('.')}"


def _held_because(alert: Alert) -> Reason:
    return _explained(alert.reason, alert.rule.connection if alert.rule else None)


def _explained(code: str, connection: Connection | None) -> Reason:
    names = {each.kind: each.name for each in destinations.DESTINATIONS}
    kind = connection.kind if connection else ""
    return explained(code, destination=names.get(kind, "the destination")) or UNKNOWN


def _deliveries(count: int) -> str:
    return "1 delivery" if count == 1 else f"{count} deliveries"


def _deliveries_path(**chosen: object) -> str:
    return f"{reverse('admin:deliveries_delivery_changelist')}?{urlencode(chosen)}"


def _address(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"


def _because(alert: Alert) -> str:
    return f"You get this mail as an alert contact of the workspace “{alert.workspace}”."
