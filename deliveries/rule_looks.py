"""What the rule form's script asks for while a rule is edited; looks only, changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from deliveries import wording
from deliveries.admin_displays import address
from deliveries.asking_account import MOST_ASKED, ask_account
from deliveries.dry_run import MOST_READ, DryRun, drop_words, dry_run
from deliveries.models import Event
from deliveries.pasted_event import held_against
from deliveries.reading_back import CannotReadBack
from deliveries.seen_lately import seen_lately
from meshes.visibility import limited_to
from rules.admin_targets import connections_of
from rules.draft_form import DraftForm
from rules.models import Rule

PAGES = ("seen", "dry-run", "ask", "paste")


class LooksMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds the addresses, for people who may make or change rules."""

    def get_urls(self) -> list[URLPattern]:
        """The script's addresses before the usual ones."""
        views = (require_GET(self.seen), *map(require_POST, (self.dry_run, self.ask, self.paste)))
        wrap = self.admin_site.admin_view
        mine = [
            path(f"looks/{name}/", wrap(view), name=f"rules_rule_{name}")
            for name, view in zip(PAGES, views, strict=True)
        ]
        return [*mine, *super().get_urls()]

    def looks(self) -> dict[str, str]:
        """The addresses as attributes of an input."""
        return {f"data-{name}": reverse(f"admin:rules_rule_{name}") for name in PAGES}

    def seen(self, request: HttpRequest) -> JsonResponse:
        """The kinds of events that the connection's workspace got lately."""
        self._check(request)
        try:
            pk = UUID(request.GET.get("connection", ""))
        except ValueError:
            raise Http404("There is no such connection.") from None
        connection = connections_of(request).filter(pk=pk).first()
        if connection is None:
            raise Http404("There is no such connection.")
        found = seen_lately(connection.workspace_id)
        rows = [asdict(one) for one in found.combinations]
        return JsonResponse({"looked_at": found.looked_at, "combinations": rows})

    def dry_run(self, request: HttpRequest) -> HttpResponse:
        """Which past events the rule on the page would match."""
        form = self._form(request)
        if not form.is_valid():
            return self._answer(request, "dry_run", {"complaint": form.complaint()})
        found = self._run(request, form)
        return self._answer(request, "dry_run", _told(request, found))

    def ask(self, request: HttpRequest) -> HttpResponse:
        """How many of the newest twenty people hold the target already, by the account itself."""
        form = self._form(request)
        if not form.is_valid():
            return self._answer(request, "asked", {"complaint": form.complaint()})
        people = self._run(request, form).emails[:MOST_ASKED]
        if not people:
            return self._answer(
                request, "asked", {"complaint": "No one matches, so no one to ask."}
            )
        try:
            held = ask_account(form.draft(), people)
        except CannotReadBack as error:
            return self._answer(request, "asked", {"complaint": str(error)})
        return self._answer(request, "asked", {"held": held})

    def paste(self, request: HttpRequest) -> HttpResponse:
        """What the rule on the page makes of a pasted event."""
        form = self._form(request)
        if not form.is_valid():
            return self._answer(request, "pasted", {"complaint": form.complaint()})
        found = held_against(form.draft(), form.cleaned_data["body"])
        return self._answer(request, "pasted", {"found": found})

    def _run(self, request: HttpRequest, form: DraftForm) -> DryRun:
        draft = form.draft()
        rules = limited_to(Rule.objects.live(), request.user, path="workspace")
        stored = rules.select_related("connection").filter(
            pk=form.cleaned_data["rule"], workspace=draft.workspace
        )
        days = form.cleaned_data["days"]
        return dry_run(draft, rule=stored.first(), days=days, now=timezone.now())

    def _form(self, request: HttpRequest) -> DraftForm:
        self._check(request)
        return DraftForm(request.POST, connections=connections_of(request))

    def _check(self, request: HttpRequest) -> None:
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied

    def _answer(self, request: HttpRequest, name: str, told: dict[str, Any]) -> HttpResponse:
        return render(request, f"admin/rules/{name}.html", told)


def _told(request: HttpRequest, found: DryRun) -> dict[str, Any]:
    links = request.user.has_perm("deliveries.view_event")
    return {
        "found": found,
        "most": MOST_READ,
        "since": wording.moment(found.since),
        "comparison": drop_words(found) if found.before is not None else "",
        "can_ask": found.people > 0,
        "ask_count": min(MOST_ASKED, found.people),
        "samples": [
            (wording.sentence(event), wording.moment(event.created_at), _url(event, links=links))
            for event in found.samples
        ],
    }


def _url(event: Event, *, links: bool) -> str:
    return address(event) if links else ""
