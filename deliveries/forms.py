"""What people choose when they replay or backfill."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from deliveries.models import BackgroundJob

INSIST = "Send even what a later delivery has overtaken"
INSIST_HELP = (
    "Without this, a delivery whose tag or list a later one has changed for the same person is "
    "canceled, because sending it would undo the newer state."
)
DATE = forms.DateInput(attrs={"type": "date"})
DAYS = 30


class InsistForm(forms.Form):
    """Whether to send what would undo a newer state."""

    insist = forms.BooleanField(label=INSIST, help_text=INSIST_HELP, required=False)


class ReplayForm(InsistForm):
    """How one delivery, or those of one event, are replayed."""

    basis = forms.ChoiceField(
        label="Replay it",
        choices=BackgroundJob.Basis.choices,
        widget=forms.RadioSelect,
        initial=BackgroundJob.Basis.WAS,
    )
    field_order = ("basis", "insist")


class StartReplayForm(InsistForm):
    """What starts a replay of many; `again` is asked when delivered ones are among them.

    Shape: `delivered` is how many of those there are; None when nobody counted.
    """

    last_id = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ("last_id", "again", "insist")

    def __init__(self, *args: Any, delivered: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if delivered != 0:
            many = "ones" if delivered is None else f"{delivered:,}"
            which = "one that was" if delivered == 1 else f"{many} that were"
            self.fields["again"] = forms.BooleanField(
                label=f"Send the {which} delivered already once more",
                help_text="Automations that start with them may start a second time. Choose "
                "another status in the filters to leave them out.",
            )
            self.order_fields(self.field_order)


class PeriodForm(forms.Form):
    """Whole days in the viewer's time zone, the last one included."""

    since = forms.DateField(label="From", widget=DATE)
    until = forms.DateField(label="To, this day included", widget=DATE)

    def clean(self) -> dict[str, Any]:
        """The days, in their order."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("since") and values.get("until") and values["until"] < values["since"]:
            self.add_error("until", "Choose a day that is not before the first one.")
        return values

    def period(self) -> tuple[datetime, datetime]:
        """The first moment of the first day, and the one after the last day."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return _start_of(since), _start_of(until + timedelta(days=1))


def last_days() -> dict[str, str]:
    """The period that is offered first: the last thirty days."""
    today = timezone.localdate()
    return {"since": str(today - timedelta(days=DAYS)), "until": str(today)}


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001
