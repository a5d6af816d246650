"""The pages that erase a person: asking, confirming, and the receipts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters

from deliveries import admin_displays as displays
from deliveries import admin_filters as filters
from deliveries import erasing, erasure_pages, wording
from deliveries.admin_columns import CHIP
from deliveries.admin_history import HistoryAdmin
from deliveries.erasure_pages import EraseForm
from deliveries.models import Erasure
from deliveries.permissions import MAY_ERASE
from meshes import audit
from meshes.admin_base import who
from meshes.audit import Kind

ASK = "deliveries_erasure_ask"


@admin.register(Erasure)
class ErasureAdmin(HistoryAdmin):
    """Erasures with their receipts."""

    list_display = ("what", "how_far", "place", "asked_by", "asked")
    list_filter = (filters.WorkspaceFilter,)
    list_select_related = ("workspace",)
    search_fields = ()
    fields = ("state",)
    change_list_template = "admin/deliveries/erasures.html"
    change_form_template = "admin/deliveries/erasure.html"
    fresh_template = "admin/deliveries/erasure_part.html"
    when_empty = "Nobody was erased yet. Press “Erase a person…” when somebody asks for it."

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may erase people may look at receipts."""
        return super().has_view_permission(request, obj) or request.user.has_perm(MAY_ERASE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same, for the sidebar."""
        return super().has_module_permission(request) or request.user.has_perm(MAY_ERASE)

    def get_urls(self) -> list[URLPattern]:
        """The page that asks, ahead of Django's own."""
        ask = path("ask/", self.admin_site.admin_view(self.ask_view), name=ASK)
        return [ask, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, with the way to another erasure."""
        may = request.user.has_perm(MAY_ERASE)
        more = {"ask_url": reverse(f"admin:{ASK}") if may else ""}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def page_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The receipt."""
        links = request.user.has_perm("deliveries.view_delivery")
        return erasure_pages.receipt(row, links=links)

    @method_decorator(sensitive_post_parameters())
    def ask_view(self, request: HttpRequest) -> HttpResponse:
        """Ask whom to erase, say what that means, and do it when that is confirmed.

        Why: the address travels in POST only, never in an address of a page.
        """
        if not request.user.has_perm(MAY_ERASE):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else None
        form = EraseForm(given, user=request.user)
        if not form.is_valid():
            return self._page(request, "erase_ask.html", {"form": form})
        if "confirmed" in request.POST:
            return self._erase(request, form)
        page = {"form": form, "page": erasure_pages.promise(form)}
        return self._page(request, "erase_confirm.html", page)

    def _erase(self, request: HttpRequest, form: EraseForm) -> HttpResponse:
        email, workspace = form.cleaned_data["email"], form.chosen
        row = erasing.ask(email, workspace=workspace, by=who(request), now=timezone.now())
        by = audit.person(request.user)
        audit.note(Kind.PRESSED, by=by, about=row, said="Asked for an erasure")
        self.message_user(request, "The erasure has started. This page becomes its receipt.")
        return HttpResponseRedirect(displays.address(row))

    def _page(self, request: HttpRequest, template: str, more: dict[str, Any]) -> HttpResponse:
        back = reverse("admin:deliveries_erasure_changelist")
        return self.own_page(request, template, title="Erase a person", back=back, **more)

    @admin.display(description="What")
    def what(self, row: Erasure) -> str:
        """That somebody is or was erased; nobody can tell any more who."""
        return "A person was erased" if row.state == row.State.DONE else "A person is being erased"

    @admin.display(description="State")
    def how_far(self, row: Erasure) -> SafeString:
        """How far it is."""
        tone = "good" if row.state == row.State.DONE else "busy"
        return format_html(CHIP, tone, erasure_pages.state(row))

    @admin.display(description="Where")
    def place(self, row: Erasure) -> str:
        """The workspace, or all of them."""
        return row.workspace.name if row.workspace else "All workspaces"

    @admin.display(description="Asked for")
    def asked(self, row: Erasure) -> str:
        """When it was asked for."""
        return wording.moment(row.created_at)
