"""What the history lists can be narrowed by; no choice list grows with the data.

Each filter says how its rows are found along an index, for `deliveries.seeking`.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from connections.models import Connection
from deliveries import wording
from deliveries.models import IS_HELD_SQL, NOT_COMPLETED_SQL, Outcome, Status, Trigger
from deliveries.seeking import Asked, Way
from deliveries.selecting import HELD, STATES
from meshes.models import LIVE
from meshes.visibility import limited_to, visible_workspaces
from rules.models import EventType, Rule

LONGEST = 50
NOTHING = Asked(fits=Q(pk__in=[]))


class AskingFilter(SimpleListFilter):
    """A filter of a list that is read along its indexes."""

    def asked(self) -> Asked | None:
        """What the chosen value asks, None when nothing is chosen."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that fit what is asked."""
        asked = self.asked()
        return queryset if asked is None else queryset.filter(asked.fits, asked.period)


class WorkspaceFilter(SimpleListFilter):
    """Rows of one workspace; offered when the person may see several."""

    title = "workspace"
    parameter_name = "workspace"
    path = "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The workspaces that the person may see."""
        names = visible_workspaces(request.user).order_by("name").values_list("pk", "name")
        found = [(str(pk), name) for pk, name in names[:LONGEST]]
        return found if len(found) > 1 or self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows whose column is the chosen one; none for a value that is no id."""
        return _with_id(queryset, self.path, self.value())


class _ConfiguredFilter(AskingFilter):
    """Rows of one rule or connection; the list is short, links lead to the others."""

    model: type[Any]
    rank = 0

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The first ones by name, and always the chosen one."""
        rows: QuerySet[Any] = self.model.objects.all()
        rows = limited_to(rows, request.user, path="workspace")
        chosen = _with_id(rows, "pk", self.value()) if self.value() else rows.none()
        rows = rows.filter(LIVE)
        rows = _with_id(rows, "workspace", request.GET.get("workspace"))
        named = rows.order_by("name", "pk").values_list("pk", "name")
        found = dict(chosen.values_list("pk", "name")) | dict(named[:LONGEST])
        return [(str(pk), name) for pk, name in found.items()]

    def asked(self) -> Asked | None:
        """The rows whose column is the chosen one; none for a value that is no id."""
        if not self.value():
            return None
        try:
            fits = Q(**{str(self.parameter_name): uuid.UUID(self.value())})
        except ValueError:
            return NOTHING
        return Asked(fits, (Way(along=fits, by_workspace=False),), self.rank)


class RuleFilter(_ConfiguredFilter):
    """Deliveries of one rule."""

    title = "rule"
    parameter_name = "rule"
    model = Rule
    rank = 60


class ConnectionFilter(_ConfiguredFilter):
    """Deliveries over one connection."""

    title = "connection"
    parameter_name = "connection"
    model = Connection
    rank = 30


class StateFilter(AskingFilter):
    """Deliveries by status."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every status in plain words."""
        return [(key, label) for key, (label, _) in STATES.items()]

    def asked(self) -> Asked | None:
        """The rows in the chosen state; all but the delivered ones have an index."""
        if self.value() not in STATES:
            return None
        key, fits = str(self.value()), STATES[str(self.value())][1]
        return Asked(fits, STATE_WAYS[key], 40) if key in STATE_WAYS else Asked(fits)


def _in(status: Status) -> Way:
    return Way(Q(status=status), NOT_COMPLETED_SQL)


def _free(status: Status) -> Way:
    return Way(Q(status=status), NOT_COMPLETED_SQL, beside=Q(held_reason=""))


STATE_WAYS = {
    "unfinished": (_free(Status.PENDING), _in(Status.PROCESSING), _free(Status.RETRYING)),
    "waiting": (_free(Status.PENDING),),
    "sending": (_in(Status.PROCESSING),),
    "retrying": (_free(Status.RETRYING),),
    "held": (Way(HELD, IS_HELD_SQL),),
    "failed": (_in(Status.FAILED),),
    "canceled": (_in(Status.CANCELED),),
}


class OutcomeFilter(AskingFilter):
    """Deliveries by what became of their last attempt."""

    title = "last outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every outcome in plain words."""
        return [(code.value, capfirst(words)) for code, words in wording.OUTCOMES.items()]

    def asked(self) -> Asked | None:
        """The rows whose last attempt ended so."""
        if self.value() not in Outcome.values:
            return None
        fits = Q(last_outcome=self.value())
        if self.value() == Outcome.DELIVERED:
            return Asked(fits)
        return Asked(fits, (Way(fits, "NOT (last_outcome IN ('', 'delivered'))"),), 45)


class TriggerFilter(AskingFilter):
    """Deliveries by what set them going last."""

    title = "trigger"
    parameter_name = "trigger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What people and programs set going; retries belong to attempts."""
        words = {Trigger.LIVE: "an event", Trigger.CANARY: ""}
        named = {code: words.get(code, each) for code, each in wording.TRIGGERS.items()}
        kept = (code for code in named if code != Trigger.RETRY and named[code])
        return [(code.value, capfirst(named[code])) for code in kept]

    def asked(self) -> Asked | None:
        """The rows that the chosen trigger set going last."""
        if self.value() not in Trigger.values:
            return None
        fits = Q(trigger=self.value())
        if self.value() == Trigger.LIVE:
            return Asked(fits)
        return Asked(fits, (Way(fits, "NOT (trigger = 'live')"),), 38)


class NameFilter(AskingFilter):
    """Rows by the name of their event."""

    title = "event"
    parameter_name = "event"
    column = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The names that rules wait for and that were written down, and the chosen one."""
        rules = limited_to(Rule.objects.filter(LIVE), request.user, path="workspace")
        used = rules.order_by("event").values_list("event", flat=True).distinct()[:LONGEST]
        types = limited_to(EventType.objects.live(), request.user, path="workspace")
        known = types.order_by("key").values_list("key", flat=True)[:LONGEST]
        chosen = [str(self.value())] if self.value() else []
        return [(name, name) for name in sorted({*used, *known, *chosen})]

    def asked(self) -> Asked | None:
        """The rows with the chosen name."""
        if not self.value():
            return None
        fits = Q(**{self.column: self.value()})
        return Asked(fits, (Way(fits),), 20)


class DeliveryNameFilter(NameFilter):
    """Deliveries by the name of their event."""

    column = "event_name"


class MatchedFilter(AskingFilter):
    """Events by whether any rule waited for them."""

    title = "match"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two answers."""
        return [("yes", "Matched a rule"), ("no", "Matched no rule")]

    def asked(self) -> Asked | None:
        """The rows with the chosen answer."""
        if self.value() == "no":
            unmatched = Q(total_rules=0)
            return Asked(unmatched, (Way(unmatched, "total_rules = 0"),), 40)
        return Asked(Q(total_rules__gt=0)) if self.value() == "yes" else None


class KindFilter(AskingFilter):
    """Real events and test events apart."""

    title = "kind"
    parameter_name = "is_test"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two kinds."""
        return [("no", "Real events"), ("yes", "Test events")]

    def asked(self) -> Asked | None:
        """The rows of the chosen kind."""
        if self.value() == "yes":
            return Asked(Q(is_test=True), (Way(Q(is_test=True), "is_test"),), 36)
        return Asked(Q(is_test=False)) if self.value() == "no" else None


def _with_id(rows: QuerySet[Any], path: str, value: str | None) -> QuerySet[Any]:
    if not value:
        return rows
    try:
        return rows.filter(**{path: uuid.UUID(value)})
    except ValueError:
        return rows.none()
