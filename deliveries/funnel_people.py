"""The events behind one number of the funnel, page by page along an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from deliveries import combinations, stages, wording
from deliveries.event_lines import lines_of
from deliveries.line_paging import ways_on
from deliveries.models import Event, EventHour
from deliveries.retention import kept_since
from deliveries.seeking import BRANCHES, Place, seek
from meshes.models import Workspace

PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """What one number counts: a step of a sequence, how far, and when it came."""

    workspace: Workspace
    sequence: str
    event: str
    step: str
    stage: str
    since: datetime
    until: datetime

    @property
    def url(self) -> str:
        """The page that opens its people."""
        asked = {
            "workspace": self.workspace.pk,
            "sequence": self.sequence,
            "event": self.event,
            "step": self.step,
            "stage": self.stage,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }
        return f"{reverse('admin:deliveries_funnel_people')}?{urlencode(asked)}"


def number_in(asked: Mapping[str, Any], workspace: Workspace) -> Number | None:
    """The number that an address names, None for one that no page of ours leads to."""
    since, until = (_moment(asked.get(name, "")) for name in ("since", "until"))
    event, stage = str(asked.get("event", "")), str(asked.get("stage", ""))
    if since is None or until is None or not event or stage not in stages.WORDS:
        return None
    step, sequence = str(asked.get("step", "")), str(asked.get("sequence", ""))
    if any("\x00" in text for text in (event, step, sequence)):
        return None
    return Number(
        workspace=workspace,
        sequence=sequence,
        event=event,
        step=step,
        stage=stage,
        since=since,
        until=until,
    )


def people_page(number: Number, *, place: Place, now: datetime) -> dict[str, Any]:
    """One page of the events, newest first, with whom each is about."""
    fits = Q(resource_id=number.sequence, sequence_step=number.step)
    asked = [
        combinations.along(
            fits & stages.of_stage(number.stage), event=number.event, pages=_pages(number)
        ),
        # Where all up to now is asked, nothing has to be looked for above it.
        combinations.within(number.since, number.until if number.until < now else None),
    ]
    found = seek(Event.objects.all(), asked, workspaces=[number.workspace.pk], place=place)
    cut = kept_since(now)
    return {
        "lines": lines_of(found.ids, now=now),
        "title": _title(number),
        "period": f"{wording.moment(number.since)} to {wording.moment(number.until)}",
        "removed": wording.moment(cut) if cut and cut > number.since else "",
        **ways_on(found, number.url),
    }


def _pages(number: Number) -> set[str]:
    hours = EventHour.objects.filter(
        workspace=number.workspace,
        resource_id=number.sequence,
        hour__gte=number.since,
        hour__lt=number.until,
        event=number.event,
        sequence_step=number.step,
    )
    return set(hours.order_by().values_list("page_id", flat=True).distinct()[: BRANCHES + 1])


def _title(number: Number) -> str:
    step = f"Step {number.step}" if number.step else "No step"
    return f"{step} of {number.sequence or 'no sequence'}: {stages.WORDS[number.stage]}"


def _moment(text: Any) -> datetime | None:
    try:
        found = parse_datetime(str(text))
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
