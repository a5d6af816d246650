"""History lists that are read page by page along an index, without counting any row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from deliveries import wording
from deliveries.admin_filters import AskingFilter
from deliveries.seeking import SCANNED, Asked, Found, Place, seek
from meshes.admin_base import ChangeList
from meshes.visibility import visible_ids

PLACES = ("before", "after")
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Pages:
    """Where one can go from a page; an address is empty when there is nothing.

    Shape: `notice` says how far a bounded search came, `further` goes on from there.
    """

    newest: str = ""
    newer: str = ""
    older: str = ""
    notice: str = ""
    further: str = ""


class SeekingList(ChangeList):
    """A page of rows, newest first, found by what was asked.

    Shape: its ModelAdmin has `asked_by_term(request, term)`.
    """

    pages = Pages()
    scan = SCANNED

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The rows of the page, by their ids; filters only name what they ask."""
        self.place = _place(self.params, size=self.list_per_page, scan=self.scan)
        blank = [name for name, value in self.params.items() if not value]
        for name in (*PLACES, *blank):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        filters = self.get_filters(request)
        self.filter_specs, self.has_filters, unknown, _, self.has_active_filters = filters
        if unknown:
            raise IncorrectLookupParameters
        self.clear_all_filters_qs = self.get_query_string(
            new_params={}, remove=self.get_filters_params()
        )
        self.found = seek(
            self.model.objects.all(),
            list(self._asked(request)),
            workspaces=self._workspaces(request),
            place=self.place,
        )
        rows = self.root_queryset.filter(pk__in=self.found.ids)
        listed: QuerySet[Any] = self.apply_select_related(rows).order_by("-pk")
        return listed

    def get_results(self, request: HttpRequest) -> None:
        """Everything found is the page."""
        shown = list(self.model_admin.prepared(self.queryset))
        self.result_list, self.result_count = shown, len(shown)
        self.full_result_count, self.show_full_result_count = len(shown), False
        self.show_admin_actions, self.can_show_all, self.multi_page = False, False, False
        self.paginator = Paginator(shown, self.list_per_page)
        self.pages = self._pages(self.found)

    def _asked(self, request: HttpRequest) -> Iterator[Asked]:
        for spec in self.filter_specs:
            asked = spec.asked() if isinstance(spec, AskingFilter) else None
            if asked is not None:
                yield asked
        if self.query:
            yield self.model_admin.asked_by_term(request, self.query)

    def _workspaces(self, request: HttpRequest) -> list[UUID] | None:
        """The workspaces to look into, None for all; none for one that nobody may see."""
        seen = visible_ids(request.user)
        chosen = self.params.get("workspace")
        if not chosen:
            return seen
        try:
            one = UUID(chosen)
        except ValueError:
            return []
        return [one] if seen is None or one in seen else []

    def _pages(self, found: Found) -> Pages:
        first, last = (found.ids[0], found.ids[-1]) if found.ids else (0, 0)
        further = ended = ""
        if found.ended_at is not None:
            towards = "before" if self.place.after is None else "after"
            further, ended = self._at(**{towards: found.ended_at}), self._moment(found.ended_at)
        return Pages(
            newest=self.get_query_string() if self.place.before or self.place.after else "",
            newer=self._at(after=first) if found.newer and first else "",
            older=self._at(before=last) if found.older and last and not further else "",
            notice=f"Looked through {self.scan:,} {self.opts.verbose_name_plural}, back to {ended}."
            if further
            else "",
            further=further,
        )

    def _at(self, **place: int) -> str:
        return str(self.get_query_string(new_params=place))

    def _moment(self, pk: int) -> str:
        return wording.moment(self.model.objects.values_list("created_at", flat=True).get(pk=pk))


def _place(params: dict[str, str], **size: int) -> Place:
    """Where the page begins; an address that nobody could get from us begins at the newest."""
    for name in PLACES:
        text = params.get(name, "")
        if text.isdecimal() and int(text) <= LARGEST:
            return Place(**{name: int(text)}, **size)
    return Place(**size)
