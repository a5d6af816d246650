"""The staff's page of what the accounts hold: to look up, never to change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from connections.activation import is_verified
from connections.catalog import fold
from connections.catalog_uses import Use, is_used, uses_of
from connections.models import CatalogEntry, Connection
from connections.states import ago
from meshes import moments
from meshes.admin_base import ModelAdmin
from meshes.visibility import limited_to

SHOWN = 10


class PresenceFilter(admin.SimpleListFilter):
    """Entries that are there, unless those that went away are asked for."""

    title = "presence"
    parameter_name = "gone"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """The choice besides the default."""
        return [("yes", "Deleted in the account")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        return queryset.filter(gone_at__isnull=self.value() != "yes")


class KindFilter(admin.SimpleListFilter):
    """Tags, lists or fields."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """The three kinds."""
        return [("tag", "Tags"), ("list", "Lists"), ("field", "Fields")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class UseFilter(admin.SimpleListFilter):
    """What rules use, or what none of them does."""

    title = "use"
    parameter_name = "used"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """The two answers."""
        return [("yes", "Used by a rule"), ("no", "Used by no rule")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice; fields are used by mappings, so they are neither."""
        if self.value() not in ("yes", "no"):
            return queryset
        chosen = request.GET.get("account", "")
        accounts = [chosen] if chosen.isdecimal() else list(accounts_of(request))
        used = is_used(accounts, seen=seen_by(request))
        named = queryset.exclude(kind="field")
        return named.filter(used) if self.value() == "yes" else named.exclude(used)


class AccountFilter(admin.SimpleListFilter):
    """One of the accounts that the person may see."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        """The accounts by host."""
        return sorted(accounts_of(request).items(), key=lambda pair: pair[1])

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        chosen = self.value() or ""
        return queryset.filter(account_id=chosen) if chosen.isdecimal() else queryset


def seen_by(request: HttpRequest) -> QuerySet[Connection]:
    """The live connections of the workspaces that this person may see."""
    return limited_to(Connection.objects.live(), request.user, path="workspace")


def accounts_of(request: HttpRequest) -> dict[str, str]:
    """Host by id of every account that accepted a key of the person's workspaces."""
    return {
        str(each.account_id): each.account.key
        for each in seen_by(request).select_related("account")
        if is_verified(each)
    }


class CatalogEntryAdmin(ModelAdmin):
    """Tags, lists and fields as last read, and the rules that use them."""

    list_display = ("label", "kind", "type", "used_by", "number", "account", "seen", "gone")
    list_filter = (KindFilter, AccountFilter, UseFilter, PresenceFilter)
    list_select_related = ("account",)
    change_list_template = "admin/connections/catalog.html"
    when_empty = "Add a connection, or refresh one, and what its account holds is listed here."
    fields = (
        "label", "kind", "type", "choices", "used_by", "number", "account", "seen", "gone",
    )  # fmt: skip
    readonly_fields = fields
    search_fields = ("folded", "external_id")
    search_help_text = "Part of the name, or the id"
    ordering = ("folded", "pk")

    class Media:
        css = {"all": ["connections/connection.css"]}
        js = ["connections/connection.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CatalogEntry]:
        """Entries of the accounts that the person may see."""
        entries = CatalogEntry.objects.filter(account_id__in=list(accounts_of(request)))
        return entries.select_related("account")

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Entries whose name contains the text, whatever its case, or that have this id."""
        text = search_term.strip().replace("\x00", "")
        if not text:
            return queryset, False
        return queryset.filter(Q(folded__contains=fold(text)) | Q(external_id=text)), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with the rules behind each entry of this page; one query."""
        listed = super().get_changelist_instance(request)
        self._note_uses(request, listed.result_list)
        return listed

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The entry with the rules behind it."""
        found = super().get_object(request, object_id, from_field)
        self._note_uses(request, [found] if found else [])
        return found

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, with when the chosen account was read and a way to read it anew."""
        more = {"reading": self._reading(request)}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    @admin.display(description="Used by")
    def used_by(self, obj: CatalogEntry) -> SafeString:
        """The rules that use it, by name."""
        if obj.kind == "field":
            return format_html('<span class="connection-quiet">{}</span>', "mappings only")
        uses, may_open = getattr(obj, "uses", ((), False))
        if not uses:
            return format_html('<span class="connection-quiet">{}</span>', "no rule")
        if not may_open:
            return format_html("{} {}", len(uses), "rule" if len(uses) == 1 else "rules")
        several = len({use.workspace for use in uses}) > 1
        rows = [(_rule_url(use), use.name, _beside(use, several)) for use in uses[:SHOWN]]
        more = len(uses) - SHOWN
        return format_html(
            '<span class="connection-used">{}{}</span>',
            format_html_join(", ", '<a href="{}">{}</a>{}', rows),
            f" and {more} more" if more > 0 else "",
        )

    def _note_uses(self, request: HttpRequest, entries: Collection[Any]) -> None:
        uses = uses_of(entries, seen=seen_by(request)) if entries else {}
        may_open = request.user.has_perm("rules.view_rule")
        for entry in entries:
            target = (entry.account_id, entry.kind, entry.external_id)
            entry.uses = (uses.get(target, []), may_open)

    def _reading(self, request: HttpRequest) -> dict[str, Any] | None:
        chosen = request.GET.get("account", "")
        connections = seen_by(request).select_related("account").order_by("-active", "name")
        if chosen.isdecimal():
            connections = connections.filter(account_id=chosen)
        held = [each for each in connections if is_verified(each)]
        if len({each.account_id for each in held}) != 1:
            return None
        account, may = held[0].account, request.user.has_perm("connections.change_connection")
        read_at = account.catalog_refreshed_at
        button = reverse("admin:connections_connection_button", args=[held[0].pk, "refresh"])
        back = urlencode({"back": request.get_full_path()})
        return {
            "account": account.key,
            "read": f"{ago(read_at)}, {moments.clock(read_at)}" if read_at else "",
            "error": account.catalog_error,
            "url": f"{button}?{back}" if may else "",
        }

    @admin.display(description="Id")
    def number(self, obj: CatalogEntry) -> str:
        """The id in the account."""
        return obj.external_id

    @admin.display(description="Choices")
    def choices(self, obj: CatalogEntry) -> str:
        """What the field accepts, when it accepts no free text."""
        return ", ".join(obj.options)

    @admin.display(description="Last seen")
    def seen(self, obj: CatalogEntry) -> str:
        """When a reading found it last."""
        return ago(obj.seen_at).capitalize()

    @admin.display(description="Deleted there")
    def gone(self, obj: CatalogEntry) -> str:
        """Since when readings miss it."""
        return ago(obj.gone_at).capitalize() if obj.gone_at else ""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Never: entries are read from the account."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: entries are changed in the account."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: entries are deleted in the account."""
        return False


def _rule_url(use: Use) -> str:
    return reverse("admin:rules_rule_change", args=[use.rule_id])


def _beside(use: Use, several: bool) -> str:
    """What is said beside the rule: its workspace where it is not the only one, and off."""
    words = [use.workspace] * several + ["off"] * (not use.active)
    return f" ({', '.join(words)})" if words else ""
