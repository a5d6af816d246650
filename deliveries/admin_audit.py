"""The audit: one list of who did what, newest first, for those who watch over it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from deliveries import admin_filters as filters
from deliveries import wording
from deliveries.admin_chosen_filters import SinceFilter, UntilFilter
from deliveries.admin_history import SeekingAdmin
from deliveries.seeking import Asked, Way
from meshes.models import AuditEntry

RANK = 80
KIND_RANK = 40
NOTHING_CHANGED = "No fields changed."
HISTORY = "deliveries."


class KindFilter(filters.AskingFilter):
    """Entries of one kind."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every kind in words."""
        return [(kind.value, kind.label) for kind in AuditEntry.Kind]

    def asked(self) -> Asked | None:
        """The entries of the chosen kind."""
        if not self.value():
            return None
        fits = Q(kind=self.value())
        return Asked(fits, (Way(fits, by_workspace=False),), KIND_RANK)


@admin.register(AuditEntry)
class AuditEntryAdmin(SeekingAdmin):
    """Who did what, and when."""

    list_display = ("when", "who", "what", "row_it_is_about", "workspace")
    list_display_links = None
    list_filter = (KindFilter, filters.WorkspaceFilter, SinceFilter, UntilFilter)
    list_select_related = ("workspace",)
    search_fields = ("=by", "=row_id")
    search_help_text = "Whole name of a person or key, or the id of a row"
    fields = ("by",)
    when_empty = "Whatever people, keys and commands change appears here."

    def asked_by_term(self, request: HttpRequest, term: str) -> Asked:
        """The entries of a person or a key, or about a row."""
        by, about = Q(by=term.strip()), Q(row_id=term.strip())
        return Asked(by | about, tuple(Way(each, by_workspace=False) for each in (by, about)), RANK)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """An entry has no page of its own; the list says all."""
        return HttpResponseRedirect(reverse("admin:meshes_auditentry_changelist"))

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nobody edits an entry."""
        return self.change_view(request)

    @admin.display(description="when")
    def when(self, entry: AuditEntry) -> str:
        """The time in the viewer's zone."""
        return wording.moment(entry.created_at, seconds=True)

    @admin.display(description="who")
    def who(self, entry: AuditEntry) -> str:
        """The person, key or command."""
        return entry.by

    @admin.display(description="what")
    def what(self, entry: AuditEntry) -> str:
        """What was done, and more of it where there is more to say."""
        kind, said = entry.get_kind_display(), entry.said
        if said == NOTHING_CHANGED:
            return "Saved, with nothing changed"
        says_it_all = entry.kind == AuditEntry.Kind.PRESSED or said.startswith(kind)
        return said if said and says_it_all else f"{kind}: {said}" if said else kind

    @admin.display(description="about")
    def row_it_is_about(self, entry: AuditEntry) -> SafeString | str:
        """The row by its name then, with a link where rows of its table have a page."""
        if not entry.about:
            return ""
        table = apps.get_model(entry.about)
        text = _named(entry, str(table._meta.verbose_name))
        if not self.admin_site.is_registered(table):
            return text
        page = f"admin:{table._meta.app_label}_{table._meta.model_name}_change"
        return format_html('<a href="{}">{}</a>', reverse(page, args=[entry.row_id]), text)


def _named(entry: AuditEntry, table: str) -> str:
    """The row with its kind said once, and with its number where many are named alike."""
    named, word = entry.row, table.partition(" ")[0]
    if named.partition(" ")[0].lower() != word.lower():
        named = f"{capfirst(table)} {named}"
    alike = entry.about.startswith(HISTORY) and not named.endswith(f" {entry.row_id}")
    return f"{named} ({entry.row_id})" if alike else named
