"""Filters of the delivery list whose values are chosen in a small form: cause, time and job."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from deliveries.id_bounds import id_after, id_before
from deliveries.models import BackgroundJob
from deliveries.reasons import REASONS
from deliveries.selecting import AGO, moment_in


class FormFilter(SimpleListFilter):
    """A filter with an input of its own; `others` keeps what else the list is narrowed by."""

    template = "admin/deliveries/filter_form.html"
    kind = ""
    others: tuple[tuple[str, str], ...] = ()

    def choices(self, changelist: Any) -> Any:
        """The choices, after noting the other parameters of the list."""
        own = (self.parameter_name, "p")
        self.others = tuple((k, v) for k, v in changelist.params.items() if k not in own)
        return super().choices(changelist)


class ReasonFilter(FormFilter):
    """Deliveries by the cause of their state, held ones included."""

    title = "reason"
    parameter_name = "reason"
    kind = "select"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every cause in a few words."""
        named = [(code, code.replace("_", " ").capitalize()) for code in REASONS]
        return sorted(named, key=lambda each: each[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the chosen cause."""
        code = self.value()
        return queryset.filter(Q(reason=code) | Q(held_reason=code)) if code else queryset


class TimeFilter(FormFilter):
    """Rows by when they were received."""

    kind = "moment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Handy moments; the form takes any other one."""
        return [(key, words) for key, (words, _) in AGO.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows on the right side of the moment; none for a value that is no moment."""
        if not self.value():
            return queryset
        moment = moment_in(str(self.value()), now=timezone.now())
        return queryset.none() if moment is None else self.beside(queryset, moment)

    def beside(self, rows: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        """The rows on the right side of the moment."""
        raise NotImplementedError


class SinceFilter(TimeFilter):
    """Rows received at or after a moment."""

    title = "time: received since"
    parameter_name = "since"

    def beside(self, rows: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        """The rows from then on."""
        first = id_before(rows.model.objects.all(), moment)
        return rows.filter(created_at__gte=moment, pk__gt=first)


class UntilFilter(TimeFilter):
    """Rows received before a moment."""

    title = "time: received before"
    parameter_name = "until"

    def beside(self, rows: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        """The rows up to then."""
        last = id_after(rows.model.objects.all(), moment)
        return rows.filter(created_at__lt=moment, pk__lte=last)


class JobFilter(SimpleListFilter):
    """Deliveries of one job; links lead here, so that only the chosen one is offered."""

    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The chosen job, if any."""
        value = str(self.value() or "")
        known = value.isdecimal() and BackgroundJob.objects.filter(pk=int(value)).exists()
        return [(value, f"Job {value}")] if known else [(value, "Unknown job")] if value else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that the job set going last."""
        value = str(self.value() or "")
        if not value:
            return queryset
        return queryset.filter(job=int(value)) if value.isdecimal() else queryset.none()
