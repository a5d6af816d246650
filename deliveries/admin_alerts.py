"""The page on alerts: what needed a person, who was told, and when it was over."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deliveries import wording
from deliveries.admin_filters import WorkspaceFilter
from deliveries.admin_history import HistoryAdmin
from deliveries.alert_letters import headline, path_of
from deliveries.alert_mail import NO_CONTACT
from deliveries.models import Alert


class OpenFilter(SimpleListFilter):
    """Alerts that still need a person, and those that are over."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two states."""
        return [("open", "Open"), ("over", "Over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows in the chosen state."""
        wanted = {"open": True, "over": False}.get(str(self.value()))
        return queryset if wanted is None else queryset.filter(resolved_at__isnull=wanted)


@admin.register(Alert)
class AlertAdmin(HistoryAdmin):
    """A list to read; each row leads to what needs the person."""

    list_display = ("what", "workspace_name", "since", "mailed", "over")
    list_display_links = None
    list_filter = (OpenFilter, WorkspaceFilter)
    list_select_related = ("workspace", "connection", "rule__connection")
    search_fields = ()
    when_empty = (
        "An alert appears here when a connection's key is refused, when a rule's tag or list is "
        "gone, when deliveries of a rule keep failing, or when an event that usually comes "
        "has stopped. Alert contacts hear of it by mail."
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The list only: a row says all there is to say."""
        return obj is None and super().has_view_permission(request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, in which nothing leads where this person may not go."""
        listed = super().get_changelist_instance(request)
        may = request.user.has_perm("connections.view_connection")
        for alert in listed.result_list:
            alert.leads_on = may or alert.kind != Alert.Kind.CONNECTION_INACTIVE
        return listed

    @admin.display(description="What happened")
    def what(self, alert: Any) -> SafeString:
        """The alert in a sentence, which leads to its subject where one may see that."""
        link = '<a class="text-link" href="{}">{}.</a>' if alert.leads_on else "{1}."
        return format_html(link, path_of(alert), headline(alert))

    @admin.display(description="Workspace")
    def workspace_name(self, alert: Alert) -> str:
        """Whose it is."""
        return str(alert.workspace)

    @admin.display(description="Since")
    def since(self, alert: Alert) -> str:
        """When it was noticed."""
        return wording.moment(alert.raised_at)

    @admin.display(description="Mailed")
    def mailed(self, alert: Alert) -> str:
        """When the alert contacts were told, or why they were not."""
        if alert.mailed_at is not None:
            return wording.moment(alert.mailed_at)
        if alert.mail_error == NO_CONTACT:
            return "Nobody to tell: the workspace has no alert contact"
        if alert.mail_error:
            return f"Not yet: the mail server did not take it ({alert.mail_error})"
        return "No" if alert.resolved_at else "Within a minute"

    @admin.display(description="Over")
    def over(self, alert: Alert) -> str:
        """When it was over."""
        return wording.moment(alert.resolved_at) if alert.resolved_at else "Still open"
