"""What the history lists can be narrowed by; no choice list grows with the data."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from connections.models import Connection
from deliveries.models import Delivery, Event, Outcome
from deliveries.selecting import STATES
from deliveries.wording import OUTCOMES
from meshes.models import LIVE
from meshes.visibility import limited_to, visible_workspaces
from rules.models import Rule

LONGEST = 50


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


class _ConfiguredFilter(SimpleListFilter):
    """Rows of one rule or connection; the list is short, links lead to the others."""

    model: type[Any]

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

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows whose column is the chosen one; none for a value that is no id."""
        return _with_id(queryset, str(self.parameter_name), self.value())


class RuleFilter(_ConfiguredFilter):
    """Deliveries of one rule."""

    title = "rule"
    parameter_name = "rule"
    model = Rule


class ConnectionFilter(_ConfiguredFilter):
    """Deliveries over one connection."""

    title = "connection"
    parameter_name = "connection"
    model = Connection


class StateFilter(SimpleListFilter):
    """Deliveries by status; events by the status of any of their deliveries."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every status in plain words."""
        return [(key, label) for key, (label, _) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows in the chosen state."""
        if self.value() not in STATES:
            return queryset
        fits = STATES[str(self.value())][1]
        if queryset.model is Event:
            return queryset.filter(pk__in=Delivery.objects.filter(fits).values("event"))
        return queryset.filter(fits)


class OutcomeFilter(SimpleListFilter):
    """Deliveries by what became of their last attempt."""

    title = "last outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every outcome in plain words."""
        return [(code.value, words[:1].upper() + words[1:]) for code, words in OUTCOMES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows whose last attempt ended so."""
        if self.value() not in Outcome.values:
            return queryset
        return queryset.filter(last_outcome=self.value())


class MatchedFilter(SimpleListFilter):
    """Events by whether any rule waited for them."""

    title = "match"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two answers."""
        return [("yes", "Matched a rule"), ("no", "Matched no rule")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the chosen answer."""
        fits = {"yes": Q(total_rules__gt=0), "no": Q(total_rules=0)}
        return queryset.filter(fits.get(str(self.value()), Q()))


class KindFilter(SimpleListFilter):
    """Real events and test events apart."""

    title = "kind"
    parameter_name = "is_test"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two kinds."""
        return [("no", "Real events"), ("yes", "Test events")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen kind."""
        fits = {"yes": Q(is_test=True), "no": Q(is_test=False)}
        return queryset.filter(fits.get(str(self.value()), Q()))


def _with_id(rows: QuerySet[Any], path: str, value: str | None) -> QuerySet[Any]:
    if not value:
        return rows
    try:
        return rows.filter(**{path: uuid.UUID(value)})
    except ValueError:
        return rows.none()
