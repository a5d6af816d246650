"""The pages on organizations, workspaces, keys and the staff's access."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_q.models import Failure, OrmQ, Schedule, Success

from meshes import key_buttons, keys
from meshes.access_forms import MachineKeyForm, MembershipForm, PublishableKeyForm
from meshes.admin_base import ConfigurationAdmin, GroupAdmin, TabularInline, who
from meshes.key_buttons import copyable, state
from meshes.models import (
    AlertContact,
    MachineKey,
    Membership,
    Organization,
    PublishableKey,
    Workspace,
)
from meshes.sign_in_form import SignInForm
from meshes.staff_admin import StaffAdmin
from meshes.workspaces import furnish

admin.site.site_header = admin.site.site_title = "Meshes"
admin.site.index_title = "Overview"
admin.site.login_form = SignInForm
admin.site.unregister([User, Group])
# The queue is plumbing: its rows come and go, and what happened stands in our own tables.
# With Redis as the broker django-q2 registers no OrmQ.
QUEUE = (Failure, OrmQ, Schedule, Success)
admin.site.unregister([model for model in QUEUE if admin.site.is_registered(model)])
admin.site.register(User, StaffAdmin)
admin.site.register(Group, GroupAdmin)
FIXED = ["id", "created_at", "created_by"]
HELP = {
    "name": "Your product and where it runs, such as Northstar production. 3 to 50 letters, "
    "digits, spaces, underscores or hyphens.",
    "description": "Optional.",
}


@admin.register(Organization)
class OrganizationAdmin(ConfigurationAdmin):
    """Companies that run workspaces."""

    list_display = ["name", "id", "created_at"]
    ordering = ("name",)
    search_fields = ["name"]
    readonly_fields = FIXED
    when_empty = "Add the company that runs your workspaces."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Facts about the organization once it exists."""
        return ["name", *FIXED] if obj else ["name"]


class PublishableKeyInline(TabularInline):
    """The workspace's keys, to copy and to judge; changes are buttons."""

    model = PublishableKey
    fields = readonly_fields = ["name", "shown", "state", "change"]
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = "publishable keys"

    def has_add_permission(self, *_: Any) -> bool:
        """Keys are made by a button."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The buttons for those who may use them."""
        may = request.user.has_perm("meshes.change_publishablekey")
        return [name for name in self.fields or () if may or name != "change"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Newest first."""
        return super().get_queryset(request).order_by("-created_at")

    @admin.display(description="key")
    def shown(self, key: PublishableKey) -> SafeString:
        """The whole key: it is public by design."""
        return copyable(key.key)

    @admin.display(description="state")
    def state(self, key: PublishableKey) -> SafeString:
        """Active, ending, or over."""
        return state(key)

    @admin.display(description="change")
    def change(self, key: PublishableKey) -> SafeString:
        """Links to the pages that ask before they act."""
        page: Any = self.admin_site.get_model_admin(PublishableKey)
        back = reverse("admin:meshes_workspace_change", args=[key.workspace_id])
        link = '<a class="row-button row-button-small" href="{}?back={}">{}</a>'
        shown = [button for button in page.buttons if button.shown(key)]
        rows = ((page.button_url(key, button.name), back, button.opener) for button in shown)
        return format_html_join("", link, rows)


@admin.register(Workspace)
class WorkspaceAdmin(ConfigurationAdmin):
    """Product environments and their keys."""

    list_display = ["name", "organization", "description", "created_at"]
    ordering = ("name",)
    list_filter = [("organization", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    readonly_fields = FIXED
    inlines = [PublishableKeyInline]
    workspace_path = "pk"
    buttons = [key_buttons.CREATE]
    deleting = (
        "Its keys stop working, so events that a product still posts are refused, and its alert "
        "contacts go too. It leaves the lists, and its history stays."
    )
    when_empty = "Add one for each product environment: production, staging. It gets a key at once."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Facts about the workspace once it exists."""
        chosen = ["organization", "name", "description"]
        return [(None, {"fields": [*chosen, *FIXED] if obj else chosen})]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """The keys once there is one."""
        return self.inlines if obj else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form that says what a name is good for."""
        return super().get_form(request, obj, change, **{**kwargs, "help_texts": HELP})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new workspace gets its first key and what else every workspace starts with."""
        super().save_model(request, obj, form, change)
        if not change:
            furnish(obj, by=who(request))


class KeyAdmin(ConfigurationAdmin):
    """What both kinds of keys have in common."""

    chosen: list[str] = []
    fixed: list[str] = []

    def has_delete_permission(self, *_: Any) -> bool:
        """Keys are revoked, never deleted."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Facts about the key once it exists."""
        return [*self.chosen, *self.fixed, *FIXED[1:]] if obj else self.chosen

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A key never moves to another owner."""
        return [self.chosen[0], *self.fixed, *FIXED[1:]] if obj else []

    @admin.display(description="state")
    def state(self, key: PublishableKey | MachineKey) -> SafeString:
        """Active, ending, or over."""
        return state(key)


@admin.register(PublishableKey)
class PublishableKeyAdmin(KeyAdmin):
    """Every publishable key; revoked ones stay for the record."""

    form = PublishableKeyForm
    list_display = ["name", "workspace", "beginning", "state", "created_at"]
    list_filter = [("workspace", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["workspace"]
    search_fields = ["name", "key"]
    chosen = ["workspace", "name", *keys.LIMITS]
    fixed = ["shown", "state"]
    workspace_path = "workspace"
    buttons = [key_buttons.ROTATE, key_buttons.REVOKE]
    when_empty = "Add a key and give it to the product that posts events."

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new row gets its key here."""
        if not change:
            obj.key = keys.new_publishable_key(obj.workspace)
        super().save_model(request, obj, form, change)

    @admin.display(description="key")
    def beginning(self, key: PublishableKey) -> str:
        """Enough of the key to recognize it in a list."""
        return key.beginning

    @admin.display(description="key")
    def shown(self, key: PublishableKey) -> SafeString:
        """The whole key: it is public by design."""
        return copyable(key.key)


@admin.register(MachineKey)
class MachineKeyAdmin(KeyAdmin):
    """Keys for servers. The secret is shown right after creation and never again."""

    form = MachineKeyForm
    list_display = ["name", "organization", "access_key", "state", "read_only", "last_used_at"]
    list_filter = [("organization", admin.RelatedOnlyFieldListFilter), "read_only"]
    list_select_related = ["organization"]
    search_fields = ["name", "access_key"]
    chosen = ["organization", "name", "workspaces", "read_only"]
    fixed = ["access_key", "secret_key", "state", "last_used_at"]
    filter_horizontal = ["workspaces"]
    buttons = [key_buttons.REVOKE_MACHINE]
    when_empty = "Add one for each server that reads results or manages rules through the API."

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new row gets its access key and secret here."""
        if not change:
            obj.shown_once = keys.equip_machine_key(obj)
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, *_: Any) -> HttpResponse:
        """The page that shows the secret, this one time."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": f"Machine key {obj.name}",
            "shown": {
                "Organization id": str(obj.organization_id),
                "Access key": obj.access_key,
                "Secret key": obj.shown_once,
            },
            "next": reverse("admin:meshes_machinekey_changelist"),
            "media": self.media,
        }
        # The admin tells browsers to keep none of its pages; this one needs it most.
        return TemplateResponse(request, "admin/secret_once.html", context)

    @admin.display(description="secret key")
    def secret_key(self, key: MachineKey) -> SafeString:
        """That there is a secret, never the secret."""
        return format_html("set, fingerprint {}…", key.secret_fingerprint)


@admin.register(Membership)
class MembershipAdmin(ConfigurationAdmin):
    """What people of the staff may see, and in which time zone."""

    form = MembershipForm
    list_display = ["user", "time_zone", "created_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email"]
    fields = ["user", "workspaces", "time_zone"]
    filter_horizontal = ["workspaces"]
    deleting = "The person then sees every workspace, with the rights of their groups."
    when_empty = "Add one to give a person a time zone or to limit the workspaces they see."


@admin.register(AlertContact)
class AlertContactAdmin(ConfigurationAdmin):
    """Whom to write to when a connection or a rule needs a person."""

    list_display = ["email", "workspace", "created_at"]
    list_filter = [("workspace", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["workspace"]
    search_fields = ["email"]
    fields = ["workspace", "email"]
    workspace_path = "workspace"
    deleting = "No alert is mailed to this address any more."
    when_empty = "Add the address that should hear when a connection or a rule needs a person."
