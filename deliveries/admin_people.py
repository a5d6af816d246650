"""The page of one person, and finding it; the address stands in forms only, never in a URL."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from deliveries import admin_displays as displays
from deliveries import persons
from deliveries.event_lines import lines_of
from deliveries.line_paging import place_in, ways_on
from deliveries.permissions import MAY_ERASE, MAY_READ_BACK, MAY_SEE_DELIVERIES, MAY_SEE_EVENTS
from deliveries.person_account import accounts_of, ask_accounts
from deliveries.persons import Person, history_of, person_of
from meshes.admin_base import who
from meshes.models import Workspace
from meshes.visibility import visible_ids, visible_workspaces

PER_PAGE = 30
NOBODY = (
    "No event and no delivery names this person. Enter the whole email address or the whole "
    "user id; history older than the retention time is gone."
)
ERASED = "This event names nobody any more: the person was erased, or it never named one."


def may_see_people(request: HttpRequest) -> bool:
    """Whether this person may open the page of somebody."""
    return any(map(request.user.has_perm, (MAY_SEE_EVENTS, MAY_SEE_DELIVERIES)))


class PersonMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds the page of the person whom a row is about."""

    def get_urls(self) -> list[URLPattern]:
        """The page, ahead of Django's own."""
        view = self.admin_site.admin_view(self.person_view)
        name = f"deliveries_{self.model._meta.model_name}_person"
        return [path("<int:pk>/person/", view, name=name), *super().get_urls()]

    def person_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Everything about the person; asks the accounts, too, when that is posted."""
        if not may_see_people(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404("There is no such event or delivery.")
        person = person_of(row)
        if person is None:
            self.message_user(request, ERASED)
            return HttpResponseRedirect(displays.address(row))
        held = None
        if request.method == "POST":
            if not request.user.has_perm(MAY_READ_BACK):
                raise PermissionDenied
            held = ask_accounts(person, by=who(request)) if person.email else []
        page = person_page(request, person, here=displays.person_address(row))
        return self._person(request, "person", person.name, {**page, "held": held})

    def _person(
        self, request: HttpRequest, template: str, title: str, page: dict[str, Any]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "media": self.media,
            "page": page,
        }
        return TemplateResponse(request, f"admin/deliveries/{template}.html", context)


class PeopleMixin(PersonMixin):
    """Adds finding a person, too."""

    def get_urls(self) -> list[URLPattern]:
        """The page that asks for an email or a user id."""
        view = self.admin_site.admin_view(self.people_view)
        return [path("people/", view, name="deliveries_event_people"), *super().get_urls()]

    @method_decorator(sensitive_post_parameters())
    def people_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for whom to look, and lead to their page."""
        if not may_see_people(request):
            raise PermissionDenied
        term = request.POST.get("who", "").strip()
        page = {"who": term, "problem": ""}
        if request.method == "POST":
            found = persons.find(term, workspaces=visible_ids(request.user))
            if found is not None:
                return HttpResponseRedirect(displays.person_address(found))
            page["problem"] = NOBODY
        return self._person(request, "people", "People", page)


def person_page(request: HttpRequest, person: Person, *, here: str) -> dict[str, Any]:
    """What the page shows; `here` is its address."""
    found = history_of(person, place=place_in(request.GET, size=PER_PAGE))
    may_erase = bool(person.email) and request.user.has_perm(MAY_ERASE)
    visible = list(visible_workspaces(request.user).order_by("name"))
    return {
        "person": person,
        "lines": lines_of(found.ids, now=timezone.now()),
        "elsewhere": _elsewhere(person, visible),
        "accounts": _accounts(request, person),
        "erase_url": reverse("admin:deliveries_erasure_ask") if may_erase else "",
        "here": here,
        **ways_on(found, here),
    }


def _accounts(request: HttpRequest, person: Person) -> list[str]:
    """The connections that a button may ask, by name; none without the right."""
    if not person.email or not request.user.has_perm(MAY_READ_BACK):
        return []
    return [connection.name for connection in accounts_of(person.workspace)]


def _elsewhere(person: Person, visible: list[Workspace]) -> list[tuple[str, str]]:
    found = persons.elsewhere(person, workspaces=visible)
    return [(each.name, _event_person(event)) for each, event in found]


def _event_person(pk: int) -> str:
    return reverse("admin:deliveries_event_person", args=[pk])
