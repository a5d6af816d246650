"""The admin's base classes; the only file that imports the theme."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey, ManyToManyField, Model, QuerySet
from django.http import Http404, HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from meshes import theme
from meshes.admin_auditing import AuditedMixin
from meshes.admin_buttons import ButtonsMixin
from meshes.admin_deleting import SoftDeleteMixin
from meshes.admin_lists import ListsMixin
from meshes.admin_panes import PanesMixin
from meshes.admin_returning import ReturningMixin
from meshes.models import Configuration, Organization, Workspace
from meshes.visibility import limited_to, visible_workspaces

if theme.ENABLED:
    from unfold.admin import ModelAdmin as ThemeModelAdmin
    from unfold.admin import StackedInline as ThemeStackedInline
    from unfold.admin import TabularInline as ThemeTabularInline
    from unfold.forms import (
        AdminPasswordChangeForm,
        AuthenticationForm,
        UserChangeForm,
        UserCreationForm,
    )
    from unfold.views import ChangeList
    from unfold.widgets import UnfoldAdminFileFieldWidget as FileInput
    from unfold.widgets import UnfoldAdminSelectWidget as SelectInput
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput
else:
    from django.contrib.admin import ModelAdmin as ThemeModelAdmin
    from django.contrib.admin import StackedInline as ThemeStackedInline
    from django.contrib.admin import TabularInline as ThemeTabularInline
    from django.contrib.admin.forms import AdminAuthenticationForm as AuthenticationForm
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth.forms import (
        AdminPasswordChangeForm,
        UserChangeForm,
        UserCreationForm,
    )
    from django.forms import FileInput, TextInput
    from django.forms import Select as SelectInput

__all__ = [
    "AuthenticationForm",
    "ChangeList",
    "ConfigurationAdmin",
    "FileInput",
    "GroupAdmin",
    "ModelAdmin",
    "SelectInput",
    "StackedInline",
    "TabularInline",
    "TextInput",
    "UserAdmin",
    "who",
]


def who(request: HttpRequest) -> str:
    """How rows name the signed-in person."""
    return request.user.get_username()[:200]


class LiveChoicesMixin(PanesMixin):
    """Offers only rows that are not deleted and that the person may see."""

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """The field, without a button that would delete the row it points at."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if isinstance(field.widget if field else None, RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """The choice field over live, visible rows."""
        kwargs = {**_choices(db_field, request), **kwargs}
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        return _chosen_if_only_one(field, db_field)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """The choice field over live, visible rows."""
        kwargs = {**_choices(db_field, request), **kwargs}
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def _choices(
    db_field: ForeignKey[Any, Any] | ManyToManyField[Any, Any], request: HttpRequest
) -> dict[str, QuerySet[Any]]:
    table = db_field.related_model
    if table is Workspace:
        return {"queryset": visible_workspaces(request.user).order_by("name")}
    if isinstance(table, type) and issubclass(table, Configuration):
        return {"queryset": table.objects.live()}
    return {}


def _chosen_if_only_one(field: Any, db_field: ForeignKey[Any, Any]) -> Any:
    """The field of whose data it is, chosen already where there is no choice."""
    if field is not None and db_field.related_model in (Workspace, Organization):
        rows = list(field.queryset.values_list("pk", flat=True)[:2])
        field.initial = rows[0] if len(rows) == 1 else field.initial
    return field


class ModelAdmin(
    AuditedMixin, ListsMixin, LiveChoicesMixin, ButtonsMixin, ReturningMixin, ThemeModelAdmin
):
    """The base of every page of ours.

    Shape: `workspace_path` is the lookup that leads to a row's workspace, for
    people who may see only some; `when_empty` says what to do on an empty list.
    """

    workspace_path: str | None = None
    when_empty = ""
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the workspaces that this person may see."""
        rows = super().get_queryset(request)
        return limited_to(rows, request.user, path=self.workspace_path)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Whether a filter of the list asks this.

        Why: Django lets an address ask about any column of the row, by which
        people could guess payloads and stored secrets that no page shows them.
        """
        names = map(_asked_by, self.get_list_filter(request))
        asked = any(lookup == name or lookup.startswith(f"{name}__") for name in names)
        return asked and super().lookup_allowed(lookup, value, request)


def _asked_by(offered: Any) -> str:
    """The lookup that an item of `list_filter` asks."""
    if isinstance(offered, (tuple, list)):
        return str(offered[0])
    return str(getattr(offered, "parameter_name", offered))


class ConfigurationAdmin(SoftDeleteMixin, ModelAdmin, SimpleHistoryAdmin):
    """The base of pages on audited tables: author, soft deletion, history of edits."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows that are not deleted."""
        return super().get_queryset(request).filter(deleted_at__isnull=True)

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kw: Any) -> Any:
        """The edits of a row that this person may see."""
        self._require_sight(request, object_id)
        return super().history_view(request, object_id, *args, **kw)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, *args: Any, **kw: Any
    ) -> Any:
        """One edit of a row that this person may see."""
        self._require_sight(request, object_id)
        return super().history_form_view(request, object_id, version_id, *args, **kw)

    def _require_sight(self, request: HttpRequest, object_id: str) -> None:
        # The history of a deleted row stays open, so this asks for all rows, not for live ones.
        rows = limited_to(self.model._default_manager.all(), request.user, path=self.workspace_path)
        try:
            seen = rows.filter(pk=unquote(object_id)).exists()
        except (ValidationError, ValueError):
            seen = False
        if not seen:
            raise Http404("There is no such row.")

    def get_ordering(self, request: HttpRequest) -> Any:
        """Newest first, unless the page says otherwise."""
        return super().get_ordering(request) or ["-created_at"]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save with the author's name on a new row."""
        if not change and isinstance(obj, Configuration):
            obj.created_by = who(request)
        super().save_model(request, obj, form, change)


class TabularInline(LiveChoicesMixin, ThemeTabularInline):
    """Rows of a related table, as a table."""


class StackedInline(LiveChoicesMixin, ThemeStackedInline):
    """Rows of a related table, one form each."""


class UserAdmin(AuditedMixin, PanesMixin, ButtonsMixin, DjangoUserAdmin, ThemeModelAdmin):  # type: ignore[type-arg]
    """People of the staff, in the theme's clothes."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


class GroupAdmin(AuditedMixin, PanesMixin, DjangoGroupAdmin, ThemeModelAdmin):  # type: ignore[misc]
    """Groups of permissions, in the theme's clothes."""
