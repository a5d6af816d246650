"""The page that shows whether the books balance; it reads what the last recount stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from deliveries import books, wording
from deliveries.admin_history import HistoryAdmin
from deliveries.models import BooksCheck
from meshes.visibility import sees_all

MAY_SEE = "deliveries.view_delivery"
SUMS = (
    ("Accepted events", "accepted", (("matched", "matched a rule"), ("unmatched", "matched none"))),
    (
        "Deliveries",
        "deliveries",
        (
            ("completed", "delivered"),
            ("waiting", "waiting, in flight or to be tried again"),
            ("held", "held for a person or for credentials"),
            ("failed", "failed"),
            ("canceled", "canceled"),
        ),
    ),
    ("Attempts", "attempts", ()),
)


@admin.register(BooksCheck)
class BooksAdmin(HistoryAdmin):
    """The latest recount of all rows."""

    workspace_path = None  # type: ignore[assignment]  # a recount is of all workspaces
    fields = ("checked_at",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the deliveries of all workspaces, as the figures are of all."""
        may = super().has_view_permission(request, obj) or request.user.has_perm(MAY_SEE)
        return may and sees_all(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same, for the sidebar."""
        return self.has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The page; there is no list of recounts."""
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": "Books",
            "media": self.media,
            "page": page(),
        }
        return TemplateResponse(request, "admin/deliveries/books.html", context)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A recount has no page of its own."""
        return HttpResponseRedirect(reverse("admin:deliveries_bookscheck_changelist"))

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nobody edits a recount."""
        return self.change_view(request)


def page() -> dict[str, Any]:
    """What the page shows; `latest` is None before the first recount."""
    found = books.standing()
    if found is None:
        return {"latest": None}
    latest = found.latest
    return {
        "latest": latest,
        "balanced": latest.balanced,
        "tone": "good" if latest.balanced else "bad",
        "checked": wording.moment(latest.checked_at, seconds=True),
        "since": wording.moment(found.since),
        "faults": latest.faults,
        "sums": [_sum(latest.figures, *each) for each in SUMS],
    }


def _sum(
    figures: Mapping[str, int], title: str, name: str, parts: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    removed = figures.get(f"removed.{name}", 0)
    return {
        "title": title,
        "total": f"{figures[name]:,}",
        "parts": [(f"{figures[part]:,}", words) for part, words in parts],
        "removed": f"{removed:,}" if removed else "",
        "ever": f"{figures[name] + removed:,}",
    }
