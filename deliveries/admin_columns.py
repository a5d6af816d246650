"""The columns of the history lists, each in words; they ask the database nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from deliveries import admin_displays as displays
from deliveries import wording
from deliveries.models import Delivery, Event

CHIP = '<span class="history-chip history-{}">{}</span>'
TWO_LINES = '<span class="history-two"><span>{}</span><span class="history-quiet">{}</span></span>'


class EventColumns:
    """Columns of the list of events."""

    @admin.display(description="What happened")
    def what(self, event: Any) -> SafeString:
        """The readable sentence."""
        return _headline(wording.sentence(event, sent_completed_at=event.sent_completed_at), event)

    @admin.display(description="Person")
    def person(self, event: Event) -> SafeString | str:
        """The person's email, else their id in the product, with the way to their page."""
        return person_link(displays.person(event), event)

    @admin.display(description="Deliveries")
    def result(self, event: Any) -> SafeString:
        """How its deliveries fare, in words."""
        counts = Counter((displays.tone(each), wording.state(each)) for each in event.counted)
        chips = [(tone, f"{count} {state}") for (tone, state), count in counts.items()]
        return format_html_join(" ", CHIP, chips or [("off", "matched no rule")])

    @admin.display(description="Workspace")
    def workspace_name(self, event: Event) -> str:
        """The workspace by name."""
        return event.workspace.name

    @admin.display(description="Received")
    def received(self, event: Event) -> str:
        """When it came."""
        return wording.moment(event.created_at)


class DeliveryColumns:
    """Columns of the list of deliveries."""

    @admin.display(description="What happened")
    def what(self, delivery: Any) -> SafeString:
        """The event's readable sentence."""
        sent = delivery.sent_completed_at
        sentence = wording.sentence(delivery.event, sent_completed_at=sent)
        return _headline(sentence, delivery)

    @admin.display(description="Person")
    def person(self, delivery: Delivery) -> SafeString | str:
        """Whom it goes to, with the way to their page."""
        return person_link(delivery.email or displays.person(delivery.event), delivery)

    @admin.display(description="Rule")
    def rule_name(self, delivery: Delivery) -> SafeString:
        """The rule as it was called then, and what it wants."""
        wants = f"{displays.action(delivery)} in {delivery.connection.name}"
        return format_html(TWO_LINES, delivery.rule_version.name, wants)

    @admin.display(description="Status")
    def state(self, delivery: Delivery) -> SafeString:
        """How far it is, in words."""
        words = displays.status(delivery, now=timezone.now())
        return format_html(CHIP, displays.tone(delivery), words)

    @admin.display(description="Attempts")
    def tries_made(self, delivery: Delivery) -> int:
        """How many attempts were made."""
        return delivery.attempt_count

    @admin.display(description="Received")
    def received(self, delivery: Delivery) -> str:
        """When it came."""
        return wording.moment(delivery.created_at)


def person_link(name: str, row: Event | Delivery) -> SafeString | str:
    """The name with the way to the person's page, where there is one."""
    address = displays.person_address(row)
    return format_html('<a class="text-link" href="{}">{}</a>', address, name) if address else name


def _headline(sentence: str, row: Event | Delivery) -> SafeString:
    mark = format_html(" " + CHIP, "test", "test") if row.is_test else ""
    return format_html("{}{}", sentence, mark)
