"""Carrying rules between workspaces: exporting a file, reviewing one, importing it whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from connections.models import Connection
from meshes import audit
from meshes.admin_base import who
from meshes.audit import Kind
from meshes.models import Workspace
from meshes.visibility import visible_workspaces
from rules.exchange_forms import ReviewForm, UploadForm, choices_in, inputs_for
from rules.import_plan import Plan, plan
from rules.importing import ImportRefused, RulesMoved, apply
from rules.models import Rule
from rules.rules_file import MOST_RULES, written

TOO_MANY = (
    f"A file holds at most {MOST_RULES} rules, and this would be more. Filter the list by a "
    "sequence, then export that."
)
FATES = {"create": "Create", "change": "Change", "same": "Same already", "skip": "Skip"}


class ExchangeMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds the pages of exporting and importing."""

    def get_urls(self) -> list[URLPattern]:
        """Both pages, ahead of the usual ones."""
        wrap = self.admin_site.admin_view
        return [
            path("export/", wrap(require_GET(self.export_view)), name="rules_rule_export"),
            path("import/", wrap(self.import_view), name="rules_rule_import"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The file of one workspace's rules, or the choice of a workspace."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        workspaces = visible_workspaces(request.user).order_by("name")
        workspace = _chosen(workspaces, request.GET.get("workspace", ""))
        if workspace is None:
            sequence = request.GET.get("sequence", "")
            page = {"workspaces": workspaces, "sequence": sequence, "title": "Export rules"}
            return self._exchange_page(request, "export", page)
        rules = Rule.objects.live().filter(workspace=workspace).select_related("connection")
        if request.GET.get("sequence"):
            rules = rules.filter(resource_id=request.GET["sequence"])
        ordered = list(rules.order_by(*self.get_ordering(request))[: MOST_RULES + 1])
        if len(ordered) > MOST_RULES:
            self.message_user(request, TOO_MANY, messages.ERROR)
            return HttpResponseRedirect(_list_address())
        text = written(ordered, workspace=workspace.name, now=timezone.now())
        name = f"rules-{slugify(workspace.name)}.json"
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(text, content_type="application/json", headers=disposition)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a file; review it; import it when the person says so."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        workspaces = visible_workspaces(request.user).order_by("name")
        if request.method == "POST" and "text" in request.POST:
            return self._reviewed(request, workspaces)
        given = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(*given, workspaces=workspaces)
        if form.is_bound and form.is_valid():
            text = form.cleaned_data["file"].removeprefix(b"\xef\xbb\xbf").decode()
            return self._review(request, form.cleaned_data["workspace"], form.entries, text)
        return self._exchange_page(request, "import", {"form": form, "title": "Import rules"})

    def _reviewed(self, request: HttpRequest, workspaces: QuerySet[Any]) -> HttpResponse:
        form = ReviewForm(request.POST, workspaces=workspaces)
        if not form.is_valid():
            self.message_user(request, "Choose the file and the workspace again.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:rules_rule_import"))
        values = form.cleaned_data
        if "apply" in request.POST:
            try:
                done = apply(
                    form.entries,
                    workspace=values["workspace"],
                    choices=choices_in(request.POST, form.entries),
                    chosen=_places(request),
                    reviewed_version=values["rules_version"],
                    by=who(request),
                    now=timezone.now(),
                )
            except ImportRefused as error:
                level = messages.WARNING if isinstance(error, RulesMoved) else messages.ERROR
                self.message_user(request, str(error), level)
            else:
                said = _done_words(done, _places(request))
                by = audit.person(request.user)
                audit.note(Kind.PRESSED, by=by, about=values["workspace"], said=said)
                self.message_user(request, said)
                return HttpResponseRedirect(_list_address())
        return self._review(request, values["workspace"], form.entries, values["text"])

    def _review(
        self, request: HttpRequest, workspace: Workspace, entries: Any, text: str
    ) -> HttpResponse:
        workspace.refresh_from_db(fields=["rules_version"])
        choices = choices_in(request.POST, entries)
        planned = plan(entries, workspace=workspace, choices=choices)
        page = {
            "workspace": workspace,
            "text": text,
            "plan": planned,
            "rows": [(place, one, FATES[one.fate]) for place, one in enumerate(planned.rules)],
            "counts": [(words, planned.count(fate)) for fate, words in FATES.items()],  # type: ignore[arg-type]
            "can_apply": planned.count("create") + planned.count("change") > 0,
            "connections": Connection.objects.live().filter(workspace=workspace).order_by("name"),
            "inputs": inputs_for(planned, entries, choices),
            "title": f"Review the import into {workspace.name}",
        }
        return self._exchange_page(request, "review", page)

    def _exchange_page(self, request: HttpRequest, name: str, page: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "back": _list_address(),
            **page,
        }
        return TemplateResponse(request, f"admin/rules/{name}.html", context)


def _chosen(workspaces: QuerySet[Any], asked: str) -> Workspace | None:
    """The workspace that is asked for, or the only one there is."""
    if asked:
        try:
            found: Workspace | None = workspaces.filter(pk=UUID(asked)).first()
        except ValueError:
            found = None
        return found
    some = list(workspaces[:2])
    return some[0] if len(some) == 1 else None


def _places(request: HttpRequest) -> set[int]:
    given = request.POST.getlist("rule")
    return {int(place) for place in given if place.isdecimal() and len(place) < 6}


def _done_words(done: Plan, places: set[int]) -> str:
    stored = [one for place, one in enumerate(done.rules) if place in places]
    created = sum(one.fate == "create" for one in stored)
    changed = sum(one.fate == "change" for one in stored)
    return f"Imported: {created} created, {changed} changed."


def _list_address() -> str:
    return reverse("admin:rules_rule_changelist")
