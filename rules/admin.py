"""The staff's pages on rules, events and resources: thin, the verbs do the work."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from meshes.admin_base import ConfigurationAdmin, ModelAdmin, who
from meshes.admin_deleting import DeletingPage
from rules.admin_exchange import ExchangeMixin
from rules.admin_list import (
    SHOWN_WARNINGS,
    STEP_BY_STEP,
    RuleListMixin,
    SequenceFilter,
    warned_about,
)
from rules.admin_targets import TargetsMixin, connections_of
from rules.admin_versions import VersionsMixin, next_step_address, when
from rules.forms import ConnectionChoice, RuleForm, action_choices, kinds, offers
from rules.mapping_admin import MappingAdmin
from rules.models import EventType, MappingVersion, ResourceType, Rule
from rules.saving import delete_rule
from rules.wording import action_words, condition_words

admin.site.register(MappingVersion, MappingAdmin)


class RuleAdmin(
    RuleListMixin, ExchangeMixin, VersionsMixin, TargetsMixin, DeletingPage, ModelAdmin
):
    """Rules: made, changed, switched and deleted here.

    Why: the room above registers it, with what happened beside each rule.
    """

    list_display = ["name", "condition", "effect", "state", "workspace"]
    list_filter = [
        SequenceFilter,
        "active",
        ("workspace", admin.RelatedOnlyFieldListFilter),
        ("connection", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["workspace", "connection"]
    search_fields = ["name", "event", "page_id", "resource_id", "target_label"]
    ordering = STEP_BY_STEP
    readonly_fields = ["state", "changes", "mapping"]
    workspace_path = "workspace"
    change_form_template = "admin/rules/rule.html"
    deleting = (
        "No event matches it any more, and deliveries that still wait are canceled. "
        "Its history stays."
    )
    form_of_rules = RuleForm
    when_empty = "Add one: when this page is completed, give the contact that tag."

    class Media:
        css = {"all": ["rules/rule_form.css"]}
        js = ["rules/rule_form.js", "rules/rule_looks.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rules that are not deleted."""
        live = super().get_queryset(request).filter(deleted_at__isnull=True)
        return live.select_related("workspace", "connection__account", "current__mapping")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The rule as a sentence: when, then; a stored one with its story."""
        when = ["event", "resource", "resource_id", "page_id", "sequence_step"]
        then = ["action", "target_label", "target_id", "resubscribe", "restart"]
        about = ["name", "connection", "active", "confirm_drop"]
        sets = [
            (None, {"fields": about if obj is None else [*about, "state"]}),
            ("When this happens", {"fields": when}),
            ("Then do this", {"fields": then}),
        ]
        return sets if obj is None else [*sets, ("Changes", {"fields": ["mapping", "changes"]})]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, saving in this person's name."""
        by_person = type("RuleForm", (self.form_of_rules,), {"by": who(request)})
        return super().get_form(request, obj, change, **{**kwargs, "form": by_person})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new rule is about a completed page."""
        return {"event": "page.completed", **super().get_changeform_initial_data(request)}

    def looks(self) -> dict[str, str]:
        """Addresses that the form's script may ask, as attributes; none in this room."""
        return {}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The inputs that know what a connection offers."""
        if db_field.name == "action":
            # Only the form has choices: the column takes what any destination declares.
            db_field = copy(db_field)
            db_field.choices = action_choices()
        if db_field.name == "connection":
            kwargs |= {"queryset": connections_of(request), "form_class": ConnectionChoice}
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "action":
            field.widget.attrs["data-offers"] = offers()
        if db_field.name == "connection":
            _dress_connection(field)
        if db_field.name == "target_label":
            field.widget.attrs |= _addresses() | self.looks()
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The form, with what looks wrong about the stored rule."""
        rule = context.get("original")
        warned = warned_about(rule)[:SHOWN_WARNINGS] if rule else []
        context |= {"warned": warned, "warnings_open": True, "more_warned": 0}
        if rule and self.has_add_permission(request):
            context["next_step_url"] = next_step_address(rule)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing: the form has stored the rule through the verb."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None: deleting one is a decision of its own."""
        return {}

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        """Mark it as deleted."""
        delete_rule(obj, by=who(request), now=timezone.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The rule alone, as it is only marked."""
        lacking = set() if self.has_delete_permission(request) else {"rule"}
        rules = [str(rule) for rule in objs]
        return rules, {"rules": len(rules)}, lacking, []

    @admin.display(description="When")
    def condition(self, rule: Rule) -> str:
        """The condition in words."""
        return condition_words(rule)

    @admin.display(description="Then")
    def effect(self, rule: Rule) -> str:
        """The action in words."""
        return action_words(rule)

    @admin.display(description="State", ordering="active")
    def state(self, rule: Rule) -> SafeString:
        """Whether events match it, and whether it needs a person."""
        return format_html("{}{}", _on_or_off(rule), self.to_look_at(rule))

    @admin.display(description="Field mapping")
    def mapping(self, rule: Rule) -> str:
        """Which version fills the contact's fields now, and whose it is."""
        if rule.current is None:
            return "None yet."
        mapping = rule.current.mapping
        made = "generated" if mapping.generated else f"saved by {mapping.created_by}"
        return f"{mapping.name}, version {mapping.version}, {made}, {when(mapping)}"


class CatalogKeyAdmin(ConfigurationAdmin):
    """Keys that a workspace's events may carry."""

    list_display = ["key", "label", "active", "workspace"]
    list_filter = ["active", ("workspace", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["workspace"]
    search_fields = ["key", "label"]
    fields = ["workspace", "key", "label", "description", "active"]
    workspace_path = "workspace"


@admin.register(EventType)
class EventTypeAdmin(CatalogKeyAdmin):
    """Events that the workspace's product sends."""

    when_empty = "Add the events that your product sends, so that people can look them up."


@admin.register(ResourceType)
class ResourceTypeAdmin(CatalogKeyAdmin):
    """Resources that the workspace's events are about."""

    when_empty = "Add what your events are about, so that people can look it up."


def _on_or_off(rule: Rule) -> SafeString:
    if rule.held_reason:
        text = "On hold: its tag or list is gone. Choose another one and save."
        return format_html('<span class="state-ending">{}</span>', text)
    kind, text = ("active", "On") if rule.active else ("over", "Off")
    return format_html('<span class="state-{}">{}</span>', kind, text)


def _dress_connection(field: Any) -> None:
    links = ("add", "change", "delete", "view")
    for link in links:
        setattr(field.widget, f"can_{link}_related", False)
    known = list(field.queryset.values_list("pk", "kind"))
    if len(known) == 1:
        field.initial = known[0][0]
    field.widget.widget.attrs["data-kinds"] = kinds(known)


def _addresses() -> dict[str, str]:
    return {
        "data-targets": reverse("admin:rules_rule_targets"),
        "data-refresh": reverse("admin:rules_rule_refresh"),
        "autocomplete": "off",
    }
