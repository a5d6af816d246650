"""The list of rules as milestone paths: in the order of their steps, with what looks wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from meshes.visibility import limited_to
from rules.lint_reading import warnings_of
from rules.linting import Warned
from rules.models import Rule
from rules.next_step import is_number

# By length first: numbers are stored without zeros before them, so they come in their order.
STEP_BY_STEP: list[Any] = [
    "workspace__name",
    "resource_id",
    "event",
    Length("sequence_step"),
    "sequence_step",
    "page_id",
    "name",
    "pk",
]
OFFERED = 50
SHOWN_WARNINGS = 12
SHOWN_STEPS = 200
SHOWN_MISSING = 20


@dataclass(slots=True)
class Step:
    """One step of a path; without rules it is missing."""

    step: str
    rules: list[Rule] = field(default_factory=list)
    add_url: str = ""


@dataclass(slots=True)
class Path:
    """The steps of one sequence from the first to the last."""

    title: str
    steps: list[Step]


class SequenceFilter(admin.SimpleListFilter):
    """The rules of one milestone path."""

    title = "sequence"
    parameter_name = "sequence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The first fifty by name, and always the chosen one."""
        rules = limited_to(Rule.objects.live(), request.user, path="workspace")
        found = rules.exclude(resource_id="").order_by("resource_id")
        names = list(found.values_list("resource_id", flat=True).distinct()[:OFFERED])
        chosen = self.value()
        return [(name, name) for name in dict.fromkeys([*names, *([chosen] if chosen else [])])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rules about it."""
        return queryset.filter(resource_id=self.value()) if self.value() else queryset


class RuleListMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds paths and warnings to the list."""

    change_list_template = "admin/rules/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, with what was found about the rules that it shows."""
        page = super().changelist_view(request, extra_context)
        shown = getattr(page, "context_data", None) or {}
        if "cl" in shown:
            rows = shown["cl"].result_list = list(shown["cl"].result_list)
            shown |= self.beside(request, rows)
            shown["paths"] = _paths(shown["cl"].queryset) if request.GET.get("sequence") else []
        return page

    def beside(self, request: HttpRequest, rules: list[Rule]) -> dict[str, Any]:
        """What the page shows beside these rows, which learn their own part of it."""
        found = warnings_of({rule.workspace_id for rule in rules})
        warned = [one for warnings in found.values() for one in warnings]
        of_rule = Counter(
            rule.id for one in warned for rule in {each.id: each for each in one.rules}.values()
        )
        for rule in rules:
            rule.to_look_at = of_rule[rule.pk]  # type: ignore[attr-defined]
            rule.gap_before = _gap_before(rule, found[rule.workspace_id])  # type: ignore[attr-defined]
        return {
            "warned": warned[:SHOWN_WARNINGS],
            "more_warned": max(0, len(warned) - SHOWN_WARNINGS),
        }

    def to_look_at(self, rule: Any) -> SafeString | str:
        """How many warnings name the rule, and whether the step before it is missing."""
        count, gap = getattr(rule, "to_look_at", 0), getattr(rule, "gap_before", "")
        if not count:
            return ""
        words = gap or f"{count} warning{'s' if count > 1 else ''}"
        return format_html(' <span class="rule-warned">{}</span>', words)


def warned_about(rule: Rule) -> list[Warned]:
    """The warnings that name the rule."""
    found = warnings_of([rule.workspace_id])[rule.workspace_id]
    return [one for one in found if any(named.id == rule.pk for named in one.rules)]


def _gap_before(rule: Rule, warnings: Iterable[Warned]) -> str:
    if not is_number(rule.sequence_step):
        return ""
    for one in warnings:
        if one.kind == "step_gap" and rule.pk in _after_gap(one):
            return "A step before it is missing"
    return ""


def _after_gap(one: Warned) -> set[UUID]:
    last = one.rules[-1].sequence_step
    return {rule.id for rule in one.rules if rule.sequence_step == last}


def _paths(rules: QuerySet[Any]) -> list[Path]:
    groups: defaultdict[tuple[UUID, str, str, str], list[Rule]] = defaultdict(list)
    for rule in rules.order_by(*STEP_BY_STEP)[:SHOWN_STEPS]:
        groups[(rule.workspace_id, rule.event, rule.resource, rule.resource_id)].append(rule)
    return [_path(group) for group in groups.values()]


def _path(rules: list[Rule]) -> Path:
    steps: dict[str, Step] = {}
    for rule in rules:
        steps.setdefault(rule.sequence_step, Step(rule.sequence_step)).rules.append(rule)
    numbers = sorted(int(step) for step in steps if is_number(step))
    wanted = range(numbers[0], numbers[-1] + 1) if numbers else range(0)
    missing = [str(n) for n in wanted[: len(steps) + SHOWN_MISSING] if str(n) not in steps]
    for step in missing[:SHOWN_MISSING]:
        steps[step] = Step(step, add_url=_add_url(rules[0], step))
    first = rules[0]
    place = " · ".join(filter(None, (first.workspace.name, first.event, first.resource)))
    return Path(f"{first.resource_id} ({place})", sorted(steps.values(), key=_in_order))


def _in_order(step: Step) -> tuple[int, int, str]:
    number = int(step.step) if is_number(step.step) else 0
    return (0 if is_number(step.step) else 1, number, step.step)


def _add_url(rule: Rule, step: str) -> str:
    names = ("event", "resource", "resource_id", "action")
    given = {name: getattr(rule, name) for name in names} | {"sequence_step": step}
    given["connection"] = str(rule.connection_id)
    return f"{reverse('admin:rules_rule_add')}?{urlencode(given)}"
