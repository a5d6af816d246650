"""One event for one rule: its attempts, its retry, its end; thin edges.

Source: Meshes API wire contract, sections 5 (6 to 10) and 8.4 to 8.7.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from deliveries import attempt_answers as says
from deliveries import retrying, rule_event_answers
from deliveries.attempt_records import attempt_record, response_details
from deliveries.canceling import AlreadyEnded, cancel_delivery
from deliveries.event_records import rule_event_record, rules_that_matched, shown_events
from deliveries.models import Attempt, Delivery, Event
from meshes import throttling
from meshes.api_errors import (
    ApiError,
    BadRequest,
    Conflict,
    Fault,
    NotFound,
    TooEarly,
    UnprocessableEntity,
)
from meshes.api_views import ApiView
from meshes.body_fields import UUID_TEXT
from meshes.list_filters import BAD_PARAMETERS
from meshes.pagination import paged

REFUSALS: dict[type[retrying.NotRetried], type[ApiError]] = {
    retrying.Over: Conflict,
    retrying.Unable: UnprocessableEntity,
    retrying.Early: TooEarly,
}


class RuleEventView(ApiView):
    """What the addresses under an event's rule share."""

    def rule_event(self, event_id: UUID, rule_id: UUID) -> tuple[Event, Delivery]:
        """The event and its delivery for the rule.

        Raises: NotFound for either, and when the event did not match the rule.
        """
        event = self.found(shown_events(), noun="event", uuid=event_id)
        delivery = rules_that_matched(event, rule_id).first()
        if delivery is None:
            raise NotFound(rule_event_answers.NOT_MATCHED)
        return event, delivery

    def as_it_is(self, event_id: UUID, rule_id: UUID) -> HttpResponse:
        """The answer that says the rule event as it is now."""
        event, delivery = self.rule_event(event_id, rule_id)
        return self.answer(rule_event_record(delivery, event=event))

    def attempts(self, delivery: Delivery) -> QuerySet[Attempt]:
        """The delivery's attempts."""
        return Attempt.objects.filter(delivery=delivery).select_related("connection")


class RetryView(RuleEventView):
    """The next attempt, now."""

    def check_throttles(self, request: Request) -> None:
        """Count this request, and the retry against its own budget."""
        super().check_throttles(request)
        throttling.take(self.caller.key_id, budget=throttling.RETRIES)

    @extend_schema(**rule_event_answers.RETRY)
    def post(self, request: Request, event_id: UUID, rule_id: UUID) -> HttpResponse:
        """The rule event after its next attempt was made due."""
        _, delivery = self.rule_event(event_id, rule_id)
        try:
            retrying.retry(delivery.pk, by=self.caller.created_by, now=timezone.now())
        except retrying.NotRetried as error:
            raise REFUSALS[type(error)](str(error)) from None
        return self.as_it_is(event_id, rule_id)


class MisspelledRetryView(RetryView):
    """The same address with an id that is none."""

    def post(self, request: Request, event_id: str, rule_id: str) -> HttpResponse:  # type: ignore[override]
        """Nothing.

        Raises: BadRequest.
        """
        said = {"event_id": event_id, "rule_id": rule_id}
        wrong = [name for name, text in said.items() if not UUID_TEXT.fullmatch(text)]
        raise BadRequest(
            BAD_PARAMETERS, data=[Fault(name, rule_event_answers.NO_ID) for name in wrong]
        )


class CancelView(RuleEventView):
    """The end of one delivery."""

    @extend_schema(**rule_event_answers.CANCEL)
    def post(self, request: Request, event_id: UUID, rule_id: UUID) -> HttpResponse:
        """The rule event after it was stopped; an attempt in flight still ends."""
        _, delivery = self.rule_event(event_id, rule_id)
        try:
            cancel_delivery(delivery.pk, by=self.caller.created_by, now=timezone.now())
        except AlreadyEnded as error:
            raise Conflict(str(error)) from None
        return self.as_it_is(event_id, rule_id)


class AttemptsView(RuleEventView):
    """All attempts of one delivery."""

    @extend_schema(**says.LIST)
    def get(self, request: Request, event_id: UUID, rule_id: UUID) -> HttpResponse:
        """A page of attempts, newest first."""
        event, delivery = self.rule_event(event_id, rule_id)
        page = paged(
            self.attempts(delivery),
            request.query_params,
            listing=self.listing(f"attempts of {delivery.uuid}", order=("number",)),
            record=lambda row: attempt_record(row, delivery=delivery, event=event),
        )
        return self.answer(page)


class OneAttemptView(RuleEventView):
    """What both addresses of one attempt share."""

    def attempt(self, delivery: Delivery, attempt_id: UUID) -> Attempt:
        """The attempt.

        Raises: NotFound.
        """
        attempt = self.attempts(delivery).filter(uuid=attempt_id).first()
        if attempt is None:
            raise NotFound("There is no such attempt.")
        return attempt


class AttemptView(OneAttemptView):
    """One attempt."""

    @extend_schema(**says.SHOW)
    def get(
        self, request: Request, event_id: UUID, rule_id: UUID, attempt_id: UUID
    ) -> HttpResponse:
        """The attempt."""
        event, delivery = self.rule_event(event_id, rule_id)
        attempt = self.attempt(delivery, attempt_id)
        return self.answer(attempt_record(attempt, delivery=delivery, event=event))


class ResponseDetailsView(OneAttemptView):
    """What the destination answered to an attempt that failed."""

    @extend_schema(**says.DETAILS)
    def get(
        self, request: Request, event_id: UUID, rule_id: UUID, attempt_id: UUID
    ) -> HttpResponse:
        """The answer with which the attempt failed, masked and capped."""
        _, delivery = self.rule_event(event_id, rule_id)
        details = response_details(self.attempt(delivery, attempt_id))
        if details is None:
            raise NotFound(says.NOTHING_CAPTURED)
        return self.answer(details)
