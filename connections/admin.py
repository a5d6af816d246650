"""The staff's pages for connections: thin, the verbs of this room do the work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from connections import destinations
from connections.activation import is_verified
from connections.admin_catalog import CatalogEntryAdmin
from connections.admin_columns import ConnectionColumns
from connections.admin_deleting import rules_in_the_way
from connections.buttons import BUTTONS
from connections.connection_page import page_of
from connections.forms import Look, form_for
from connections.models import CatalogEntry, Connection
from connections.refusals import InUse
from connections.saving import Saved, delete_connection
from connections.waiting import held_over
from meshes.admin_base import ConfigurationAdmin, who
from meshes.admin_returning import returned

admin.site.register(CatalogEntry, CatalogEntryAdmin)

AT_ONCE = ("test", "refresh")


class HiddenFilter(admin.SimpleListFilter):
    """Leaves out the connections that a client asked not to show."""

    title = "visibility"
    parameter_name = "hidden"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """The choices besides the default, which is to leave them out."""
        return [("yes", "Hidden ones"), ("all", "All of them")]

    def queryset(
        self, _request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """The rows of the choice."""
        return queryset if self.value() == "all" else queryset.filter(hidden=self.value() == "yes")


class NoTransaction(admin.ModelAdmin):  # type: ignore[type-arg]
    """Lets a form be saved without one transaction around everything.

    Why: saving calls the destination, and no transaction is open meanwhile.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The page, or the answer to a saved form."""
        return self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined]


@admin.register(Connection)
class ConnectionAdmin(ConnectionColumns, ConfigurationAdmin, NoTransaction):
    """Connections: made, tested, switched and deleted here."""

    workspace_path = "workspace"
    when_empty = "Add a connection to the account that Meshes writes to."
    buttons = BUTTONS
    list_display = ("name", "workspace", "destination", "host", "state", "checked")
    list_filter = (("workspace", admin.RelatedOnlyFieldListFilter), "active", HiddenFilter)
    list_select_related = ("workspace", "account")
    search_fields = ("name", "account__key")
    readonly_fields = ("destination", "host", "maker")
    change_form_template = "admin/connections/connection.html"
    deleting = (
        "Its key is destroyed, and no rule can use it any more. The history of what it sent stays."
    )
    every_row: ClassVar[dict[str, str]] = {"hidden": "all"}
    in_the_way = "Active rules use it. Switch each of these off or delete it, then come back:"

    class Media:
        css = {"all": ["connections/connection.css", "meshes/charts.css"]}
        js = ["connections/connection.js"]

    def get_ordering(self, _request: HttpRequest) -> tuple[str, ...]:
        """By name, workspace by workspace."""
        return ("workspace__name", "name")

    def get_actions(self, _request: HttpRequest) -> dict[str, Any]:
        """None: deleting one is a decision of its own."""
        return {}

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """A connection stays in its workspace."""
        return (*self.readonly_fields, "workspace") if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        """What may be entered, and for a stored connection how it is doing."""
        destination = destinations.destination(_kind(request, obj))
        declared = [item.key for item in destination.fields]
        bulk = ["bulk_import"] if destination.bulk else []
        entered = ["workspace", "destination", "name", *declared, *bulk, "save_unchecked"]
        if obj is None:
            return [(None, {"fields": entered})]
        if not self.has_change_permission(request, obj):
            entered = ["workspace", "destination", "name"]
        account = ["host"]
        if is_verified(obj) and self.has_change_permission(request, obj):
            account.append("requests_per_second")
        stored = [*entered, "maker"]
        return [("The connection", {"fields": stored}), ("The account", {"fields": account})]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with what is held over each connection of this page; one query."""
        listed = super().get_changelist_instance(request)
        held = held_over([row.pk for row in listed.result_list])
        may = request.user.has_perm("deliveries.view_delivery")
        for row in listed.result_list:
            found = held.get(row.pk)
            row.held = found if may or found is None else replace(found, url="")
        return listed

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        """The form that the destination declares."""
        form = form_for(_kind(request, obj), by=who(request), look=self._look())
        return super().get_form(request, obj, change, **{**kw, "form": form})

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page; what is typed into it stays out of error reports."""
        return super().changeform_view(request, *args, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, *a: Any, **kw: Any) -> Any:
        """The page, which offers to save unchecked only where that is the question."""
        shown = context["adminform"]
        if not getattr(shown.form, "unconfirmed", False):
            for _, options in shown.fieldsets:
                options["fields"] = [n for n in options["fields"] if n != "save_unchecked"]
        # Saving stays on the page, where the result of the check is shown.
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        connection = context.get("original")
        if connection is not None:
            context |= {"page": page_of(connection, now=timezone.now())}
            context |= self._split(self.row_buttons(request, connection))
        return super().render_change_form(request, context, *a, **kw)

    def _split(self, buttons: list[dict[str, Any]]) -> dict[str, Any]:
        """The buttons that act at once beside what they are about, and those that ask first."""
        shown = {button["url"].rsplit("/", 2)[1]: button for button in buttons}
        at_once = {f"{name}_url": shown.pop(name)["url"] for name in AT_ONCE if name in shown}
        return {**at_once, "row_buttons": list(shown.values())}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Says what the check found; the form has stored the connection."""
        saved: Saved = form.saved
        level = messages.SUCCESS if saved.check.ok else messages.WARNING
        words = saved.check.message if saved.check.ok else f"Not checked: {saved.check.message}"
        self.message_user(request, f"Saved. {words}", level)
        if saved.catalog_error:
            sentence = f"Its tags and lists could not be read: {saved.catalog_error}"
            self.message_user(request, sentence, messages.WARNING)

    def response_add(self, request: HttpRequest, obj: Any, *_: Any, **__: Any) -> HttpResponse:
        """Stay with the connection, unless the person came from elsewhere."""
        return returned(request, _page_of(obj.pk))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Stay with the connection, unless the person came from elsewhere."""
        return returned(request, _page_of(obj.pk))

    def needs(self, request: HttpRequest, row: Connection) -> Iterable[str]:
        """Active rules stand in the way, others do not."""
        return rules_in_the_way(row, request.user)

    def delete_model(self, request: HttpRequest, obj: Connection) -> None:
        """Mark it as deleted and destroy its key."""
        delete_connection(obj, by=who(request), now=timezone.now())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Asks first; says so when a rule came in between."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except InUse as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return _page_of(object_id)

    def _look(self) -> Look:
        text = self.formfield_overrides.get(models.CharField, {}).get("widget", forms.TextInput)
        number = self.formfield_overrides.get(models.FloatField, {}).get(
            "widget", forms.NumberInput
        )
        tick = self.formfield_overrides.get(models.BooleanField, {}).get(
            "widget", forms.CheckboxInput
        )
        return Look(text=text, number=number, tick=tick)


def _kind(request: HttpRequest, obj: Connection | None) -> str:
    if obj is not None:
        return obj.kind
    kinds = [each.kind for each in destinations.DESTINATIONS]
    asked = request.GET.get("kind", "")
    return asked if asked in kinds else kinds[0]


def _page_of(pk: Any) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:connections_connection_change", args=[pk]))
