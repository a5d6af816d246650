"""The pages of rules with what happened: figures in the list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connections.states import ago
from deliveries.dry_run import drop_words, dry_run
from deliveries.rule_figures import BY_LAST_FIRED, Figures, figures_of
from deliveries.rule_looks import LooksMixin
from rules.admin import RuleAdmin
from rules.drafts import RuleDraft
from rules.facts import canonical_step
from rules.forms import RuleForm
from rules.models import CONDITION_FIELDS, Rule

DROP_DAYS = 30
CONFIRM = "Tick this box and save again if that is what you want."
LINK = '<a href="{}">{} {}</a>'


class WatchedRuleForm(RuleForm):
    """The form of rules that notices when far fewer people would match."""

    def big_drop(self, rule: Rule, draft: RuleDraft) -> str:
        """A sentence that asks for a yes, when an active rule would lose most of its people."""
        if not (rule.active and draft.active) or not _asks_otherwise(rule, draft):
            return ""
        draft = replace(draft, sequence_step=canonical_step(draft.sequence_step))
        found = dry_run(draft, rule=rule, days=DROP_DAYS, now=timezone.now())
        return f"{drop_words(found)} {CONFIRM}" if found.is_big_drop else ""


@admin.register(Rule)
class RulePagesAdmin(LooksMixin, RuleAdmin):
    """Rules, and what came of them.

    Why: only this room knows deliveries; the room below knows all the rest.
    """

    form_of_rules = WatchedRuleForm
    list_display = [*RuleAdmin.list_display[:4], "week", "fired", "workspace"]

    def beside(self, request: HttpRequest, rules: list[Rule]) -> dict[str, Any]:
        """The figures of the page's rules with two statements, and what is below."""
        figures = figures_of([rule.pk for rule in rules], now=timezone.now())
        for rule in rules:
            rule.figures = figures[rule.pk]  # type: ignore[attr-defined]
        return super().beside(request, rules)

    @admin.display(description="Last 7 days")
    def week(self, rule: Any) -> SafeString | str:
        """Delivered and failed, each with the way to its deliveries."""
        figures: Figures = getattr(rule, "figures", Figures())
        if not figures.delivered and not figures.failed:
            return "nothing"
        parts = [
            format_html(LINK, _deliveries(rule, status), f"{count:,}", status)
            for status, count in (("delivered", figures.delivered), ("failed", figures.failed))
            if count
        ]
        # In one element, as the list on a phone spreads what stands loose in a cell.
        return format_html("<span>{}" + ", {}" * (len(parts) - 1) + "</span>", *parts)

    @admin.display(description="Last fired", ordering=BY_LAST_FIRED)
    def fired(self, rule: Any) -> str:
        """When an event matched it last."""
        figures: Figures = getattr(rule, "figures", Figures())
        return ago(figures.last_fired).capitalize() if figures.last_fired else "Never"


def _asks_otherwise(rule: Rule, draft: RuleDraft) -> bool:
    return any(getattr(rule, name) != getattr(draft, name) for name in CONDITION_FIELDS)


def _deliveries(rule: Rule, status: str) -> str:
    asked = urlencode({"rule": rule.pk, "status": status, "since": "7d"})
    return f"{reverse('admin:deliveries_delivery_changelist')}?{asked}"
