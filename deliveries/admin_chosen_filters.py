"""Filters of the history lists whose values are chosen in a small form: cause, time and job."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from deliveries.admin_filters import NOTHING, AskingFilter
from deliveries.id_bounds import id_after, id_before
from deliveries.models import IS_HELD_SQL, BackgroundJob
from deliveries.reasons import REASONS, in_short
from deliveries.seeking import Asked, Way
from deliveries.selecting import AGO, HELD, moment_in

OUT_OF_ORDER = timedelta(minutes=1)
"""Rows may be stored this much later than the time that they carry."""
NEAR = timedelta(minutes=1)
"""A page begins so near to a moment; each row's own time tells the rest."""


class FormFilter(AskingFilter):
    """A filter with an input of its own; all of a list are one form, so that they apply together.

    Shape: the `first` of them holds that form, and in `others` what else the list is narrowed by.
    """

    template = "admin/deliveries/filter_form.html"
    kind = ""
    first = False
    others: tuple[tuple[str, str], ...] = ()

    def choices(self, changelist: Any) -> Any:
        """The choices, after noting the other parameters of the list."""
        alike = [spec for spec in changelist.filter_specs if isinstance(spec, FormFilter)]
        own = ("p", *(spec.parameter_name for spec in alike))
        self.first = bool(alike) and alike[0] is self
        self.others = tuple((k, v) for k, v in changelist.params.items() if k not in own)
        return super().choices(changelist)


class ReasonFilter(FormFilter):
    """Deliveries by the cause of their state, held ones included."""

    title = "reason"
    parameter_name = "reason"
    kind = "select"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every cause in a few words."""
        named = [(code, in_short(code)) for code in REASONS]
        return sorted(named, key=lambda each: each[1])

    def asked(self) -> Asked | None:
        """The rows with the chosen cause."""
        if not self.value():
            return None
        ended, held = Q(reason=self.value()), Q(held_reason=self.value())
        ways = (Way(ended, "NOT (reason = '')"), Way(HELD, IS_HELD_SQL, beside=held))
        return Asked(ended | held, ways, 50)


class TimeFilter(FormFilter):
    """Rows by when they were received."""

    kind = "moment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Handy moments; the form takes any other one."""
        return [(key, words) for key, (words, _) in AGO.items()]

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.model = model

    @property
    def zone(self) -> str:
        """The zone of what is typed, which is the viewer's."""
        return timezone.get_current_timezone_name()

    @property
    def typed(self) -> str:
        """The chosen moment as the input takes one, also of `24h`; '' for none."""
        text = str(self.value() or "")
        moment = moment_in(text, now=timezone.now()) if text else None
        if moment is None:
            return ""
        local = timezone.localtime(moment).replace(tzinfo=None)
        exact = local.second and text not in AGO
        return local.isoformat(timespec="seconds" if exact else "minutes")

    def asked(self) -> Asked | None:
        """The rows on the right side of the moment; none for a value that is no moment."""
        if not self.value():
            return None
        moment = moment_in(str(self.value()), now=timezone.now())
        return NOTHING if moment is None else self.beside(moment)

    def beside(self, moment: datetime) -> Asked:
        """The rows on the right side of the moment."""
        raise NotImplementedError


class SinceFilter(TimeFilter):
    """Rows received at or after a moment."""

    title = "time: received since"
    parameter_name = "since"

    def beside(self, moment: datetime) -> Asked:
        """The rows from then on."""
        first = id_before(self.model.objects.all(), moment, slack=OUT_OF_ORDER, near=NEAR)
        return Asked(period=Q(created_at__gte=moment), above=first)


class UntilFilter(TimeFilter):
    """Rows received before a moment."""

    title = "time: received before"
    parameter_name = "until"

    def beside(self, moment: datetime) -> Asked:
        """The rows up to then."""
        last = id_after(self.model.objects.all(), moment, slack=OUT_OF_ORDER, near=NEAR)
        return Asked(period=Q(created_at__lt=moment), upto=last)


class JobFilter(AskingFilter):
    """Deliveries of one job; links lead here, so that only the chosen one is offered."""

    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The chosen job, if any."""
        value = str(self.value() or "")
        known = value.isdecimal() and BackgroundJob.objects.filter(pk=int(value)).exists()
        return [(value, f"Job {value}")] if known else [(value, "Unknown job")] if value else []

    def asked(self) -> Asked | None:
        """The rows that the job set going last."""
        value = str(self.value() or "")
        if not value:
            return None
        if not value.isdecimal():
            return NOTHING
        fits = Q(job=int(value))
        return Asked(fits, (Way(fits, by_workspace=False),), 70)
