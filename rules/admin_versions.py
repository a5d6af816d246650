"""The story of a rule: every version before and after, undoing, and going on to the next step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from meshes import audit, moments
from meshes.admin_base import who
from meshes.audit import Kind
from rules.errors import Refused, VersionUnknown
from rules.models import CONDITION_FIELDS, Rule, RuleVersion
from rules.next_step import counted_on, following
from rules.targets import action_of, target_named
from rules.undoing import go_back, version_of
from rules.wording import change_words, differences

ON_THE_FORM = 10
ON_A_PAGE = 50
ROW = '<li value="{}">{} <span class="rule-change-by">{}, {}</span></li>'


@dataclass(frozen=True, slots=True)
class Told:
    """One version in words; `back` is where going back to it is asked, if it can be."""

    number: int
    words: str
    by: str
    when: str
    back: str = ""


class VersionsMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds the history of versions and going back to one."""

    def get_urls(self) -> list[URLPattern]:
        """The page that asks before a version is brought back, ahead of the usual ones."""
        view = self.admin_site.admin_view(self.back_view)
        address = "<path:object_id>/back-to/<int:number>/"
        return [path(address, view, name="rules_rule_back_to"), *super().get_urls()]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Every version, the newest first, fifty to a page."""
        rule = self._rule(request, object_id)
        if not self.has_view_permission(request, rule):
            raise PermissionDenied
        below = request.GET.get("below", "")
        rows = rule.versions.filter(number__lt=int(below)) if below.isdecimal() else rule.versions
        told = list(self._told(request, rule, rows, ON_A_PAGE))
        older = told[-1].number if told and told[-1].number > 1 else 0
        page = {"told": told, "older": older, "title": f"History of “{rule.name}”"}
        return self._page(request, rule, "history", page)

    def back_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """Ask on GET, bring the version back on POST."""
        rule = self._rule(request, object_id)
        if not self.has_change_permission(request, rule):
            raise PermissionDenied
        try:
            version = version_of(rule, number)
            if request.method == "POST":
                go_back(rule, number=number, by=who(request), now=timezone.now())
                said = f"Went back to version {number}"
                audit.note(Kind.PRESSED, by=audit.person(request.user), about=rule, said=said)
                self.message_user(request, f"The rule says again what version {number} said.")
                return HttpResponseRedirect(self._address(rule))
        except VersionUnknown as error:
            raise Http404(error.message) from None
        except Refused as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(self._address(rule))
        changes = differences(rule.current, version) if rule.current else []
        page = {"version": version, "changes": changes, "when": when(version)}
        return self._page(request, rule, "back_to", {**page, "title": f"Back to version {number}"})

    @admin.display(description="What changed")
    def changes(self, rule: Rule) -> SafeString:
        """The newest versions in words, each with its time and author."""
        kept = rule.__dict__  # the theme asks for it several times on a page
        if "told_changes" not in kept:
            kept["told_changes"] = self._newest_changes(rule)
        told: SafeString = kept["told_changes"]
        return told

    def _newest_changes(self, rule: Rule) -> SafeString:
        rows = (
            (one.number, one.words, one.by, one.when)
            for one in self._told(None, rule, rule.versions, ON_THE_FORM)
        )
        link = reverse("admin:rules_rule_history", args=[rule.pk])
        told = format_html('<ol class="rule-changes">{}</ol>', format_html_join("", ROW, rows))
        return format_html('{}<a href="{}">All changes, and undo</a>', told, link)

    def _told(
        self, request: HttpRequest | None, rule: Rule, rows: Any, most: int
    ) -> Iterator[Told]:
        related = ("connection", "mapping")
        versions = list(rows.select_related(*related).order_by("-number")[: most + 1])
        may = request is not None and self.has_change_permission(request, rule)
        for version, before in list(zip(versions, [*versions[1:], None], strict=False))[:most]:
            words = change_words(version, before)
            back = may and rule.current is not None and version.number < rule.current.number
            address = _back_address(version) if back else ""
            yield Told(version.number, words, version.created_by, when(version), address)

    def _rule(self, request: HttpRequest, object_id: str) -> Rule:
        rule = self.get_object(request, object_id)
        if not isinstance(rule, Rule):
            raise Http404("There is no such rule.")
        return rule

    def _page(
        self, request: HttpRequest, rule: Rule, name: str, page: dict[str, Any]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": rule,
            "object": rule,
            "media": self.media,
            "back": self._address(rule),
            **page,
        }
        return TemplateResponse(request, f"admin/rules/{name}.html", context)

    def _address(self, rule: Rule) -> str:
        return reverse("admin:rules_rule_change", args=[rule.pk])


def next_step_address(rule: Rule) -> str:
    """The form of a new rule, filled in for the step after this rule's.

    Shape: without a step that counts, a copy to be changed; the page is left open, since
    the next step has another one.
    """
    step = following(rule.sequence_step)
    asked = {name: getattr(rule, name) for name in CONDITION_FIELDS}
    asked |= {"connection": str(rule.connection_id), "action": rule.action}
    if step:
        asked |= {"sequence_step": step, "page_id": "", **_next_target(rule)}
    else:
        asked |= {"target_label": rule.target_label, "target_id": rule.target_id}
    counted = counted_on(rule.name, step=rule.sequence_step)
    asked["name"] = (counted or f"{rule.name} ({'next step' if step else 'copy'})")[:128]
    asked |= {name: "on" for name in ("resubscribe", "restart") if getattr(rule, name)}
    return f"{reverse('admin:rules_rule_add')}?{urlencode(asked)}"


def when(version: Any) -> str:
    """When it was made, in the viewer's words."""
    return moments.moment(version.created_at)


def _next_target(rule: Rule) -> dict[str, str]:
    """The tag or list that counts on from the rule's, where the account holds it."""
    action = action_of(rule.connection.kind, rule.action)
    label = counted_on(rule.target_label, step=rule.sequence_step)
    if action is None or not label:
        return {}
    found = target_named(rule.connection, kind=action.target_kind, text=label)
    return {"target_label": found.label, "target_id": found.external_id} if found else {}


def _back_address(version: RuleVersion) -> str:
    return reverse("admin:rules_rule_back_to", args=[version.rule_id, version.number])
