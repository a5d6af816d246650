"""What the page of the funnel shows: numbers that open their people, gaps, and small charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from deliveries import wording
from deliveries.funnel import Funnel, Step, end_of, funnel_of, sequences_of
from deliveries.funnel_people import Number
from deliveries.rule_drafting import draft_address, rule_like
from deliveries.seen_lately import titles_of
from meshes import moments
from meshes.charts import Bars, bars
from meshes.models import Workspace
from rules.models import Rule
from rules.next_step import is_number

STAGES = (
    ("Completed", "completed", "accepted"),
    ("Matched", "matched", "matched"),
    ("Delivered", "delivered", "delivered"),
    ("Confirmed", "confirmed", "confirmed"),
)
SHORT = {
    "matched": ("unmatched", "matched no rule", "wait"),
    "delivered": ("undelivered", "not delivered", "bad"),
    "confirmed": ("unconfirmed", "not confirmed", "off"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A number with its people; `url` is empty for none. `share` is of the number before."""

    label: str
    number: str
    url: str
    share: str = ""
    short: str = ""
    short_url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the sequence."""

    title: str
    about: str
    cells: tuple[Cell, ...]
    chart: Bars | None
    weeks: tuple[tuple[str, tuple[Cell, ...]], ...]
    lacks: str = ""
    add_url: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """The weeks that the numbers are of. Shape: `chosen` is a week's place, None for all."""

    funnel: Funnel
    chosen: int | None

    def counts(self, step: Step) -> Counter[str]:
        """The step's counts in these weeks."""
        return step.total if self.chosen is None else step.weeks[self.chosen]

    @property
    def limits(self) -> tuple[datetime, datetime]:
        """When they begin and end."""
        weeks = self.funnel.weeks
        first, last = (0, -1) if self.chosen is None else (self.chosen, self.chosen)
        return weeks[first], end_of(weeks[last])


def funnel_page(
    workspace: Workspace, *, sequence: str, week: str, may_add: bool, now: datetime
) -> dict[str, Any]:
    """The steps of the chosen sequence, or of the first one."""
    known = sequences_of(workspace.pk, now=now)
    chosen = sequence or next(iter(known), "")
    offered = [(each, each == chosen) for each in dict.fromkeys([*known, *filter(None, [chosen])])]
    if not chosen:
        return {"sequences": [], "rows": []}
    funnel = funnel_of(workspace.pk, chosen, now=now)
    place = int(week) if week.isascii() and week.isdigit() and len(week) < 3 else None
    span = Span(funnel, place if place is not None and place < len(funnel.weeks) else None)
    return {
        "sequence": chosen,
        "sequences": offered,
        "periods": list(_periods(workspace, chosen, span)),
        "rows": list(_rows(workspace, chosen, span, may_add=may_add)),
    }


def _periods(workspace: Workspace, sequence: str, span: Span) -> Iterator[tuple[str, str, bool]]:
    page = reverse("admin:deliveries_eventhour_changelist")
    asked = {"workspace": str(workspace.pk), "sequence": sequence}
    yield "8 weeks", f"{page}?{urlencode(asked)}", span.chosen is None
    for place in range(len(span.funnel.weeks) - 1, -1, -1):
        url = f"{page}?{urlencode({**asked, 'week': place})}"
        yield _week(span.funnel, place), url, span.chosen == place


def _rows(workspace: Workspace, sequence: str, span: Span, *, may_add: bool) -> Iterator[Row]:
    before: Step | None = None
    titles = titles_of(workspace.pk)
    like = rule_like(workspace.pk, resource_id=sequence) if may_add else None
    for step in span.funnel.steps:
        about = {"workspace": workspace, "sequence": sequence}
        about |= {"event": step.event, "step": step.step}
        yield Row(
            title=f"Step {step.step}" if step.step else "No step",
            about=_about(step, titles),
            cells=tuple(_cells(span.counts(step), about, span.limits, _above(before, step, span))),
            chart=_chart(step, span.funnel) if any(step.weeks) else None,
            weeks=tuple(_weeks(step, span.funnel, about)),
            lacks=_lacks(step),
            add_url=_add_url(step, sequence, like) if may_add and not step.rules else "",
        )
        before = step if any(step.weeks) else before


def _cells(
    counts: Counter[str], about: dict[str, Any], limits: tuple[datetime, datetime], above: str = ""
) -> Iterator[Cell]:
    since, until = limits
    previous = 0
    for label, stage, name in STAGES:
        count = counts[name]
        short, words, tone = SHORT.get(stage, ("", "", ""))
        lost = previous - count if short else 0
        number = Number(stage=stage, since=since, until=until, **about)
        gap = Number(stage=short, since=since, until=until, **about)
        yield Cell(
            label,
            f"{count:,}",
            number.url if count else "",
            share=_share(count, previous) if short else above,
            short=f"{lost:,} {words}" if lost > 0 else "",
            short_url=gap.url if lost > 0 else "",
            tone=tone if lost > 0 else "",
        )
        previous = count


def _weeks(
    step: Step, funnel: Funnel, about: dict[str, Any]
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for place in range(len(funnel.weeks) - 1, -1, -1):
        counts, begin = step.weeks[place], funnel.weeks[place]
        if counts["accepted"]:
            yield _week(funnel, place), tuple(_cells(counts, about, (begin, end_of(begin))))


def _chart(step: Step, funnel: Funnel) -> Bars:
    series = [_pieces(counts) for counts in step.weeks]
    titles = [f"{_week(funnel, n)}: {_told(counts)}" for n, counts in enumerate(step.weeks)]
    first = _week(funnel, 0)
    label = f"By week, from {first[:1].lower()}{first[1:]}"
    return bars(series, titles=titles, label=label)


def _pieces(counts: Counter[str]) -> list[tuple[int, str]]:
    accepted, matched, delivered, confirmed = (counts[name] for *_, name in STAGES)
    return [
        (confirmed, "good"),
        (delivered - confirmed, "busy"),
        (matched - delivered, "bad"),
        (accepted - matched, "off"),
    ]


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]:,} {label.lower()}" for label, _, name in STAGES)


def _above(before: Step | None, step: Step, span: Span) -> str:
    if before is None or before.event != step.event or not is_number(step.step):
        return ""
    counts = span.counts(before)["accepted"]
    return (
        f"{_share(span.counts(step)['accepted'], counts)} of step {before.step}" if counts else ""
    )


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %" if of else ""


def _about(step: Step, titles: Mapping[str, str]) -> str:
    """The pages of the step by title, those without a lately seen one by their id."""
    pages = sorted({titles.get(page, page) for page in step.pages if page})
    told = [*pages[:3], *([f"{len(pages) - 3} more pages"] if len(pages) > 3 else [])]
    name = "" if step.event == wording.PAGE_COMPLETED else step.event
    return " · ".join(filter(None, (name, *told)))


def _lacks(step: Step) -> str:
    if step.missing:
        return "A gap: no event came for this step, and no rule that is on waits for it."
    if step.step and not step.rules:
        return "No rule that is on names this step."
    return "" if any(step.weeks) else "A rule waits for this step, but no event came in 8 weeks."


def _add_url(step: Step, sequence: str, like: Rule | None) -> str:
    """The form of a new rule for the step, on its page where there is one alone."""
    if not step.step:
        return ""
    pages = list(filter(None, step.pages))
    page = {"page_id": pages[0]} if len(pages) == 1 else {}
    asked = {"event": step.event, "resource_id": sequence, "sequence_step": step.step, **page}
    return draft_address(asked, like=like)


def _week(funnel: Funnel, place: int) -> str:
    back = len(funnel.weeks) - 1 - place
    return "This week" if back == 0 else f"Week of {moments.day(funnel.weeks[place])}"
