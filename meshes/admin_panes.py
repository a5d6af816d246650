"""Choosing several rows in two panes with arrows between them."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.widgets import FilteredSelectMultiple
from django.db.models import ManyToManyField
from django.http import HttpRequest


class PanesMixin:
    """Leaves out how a plain list is clicked where two panes stand in its place."""

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """The choice field, with no more help than the form itself gives."""
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and isinstance(field.widget, FilteredSelectMultiple):
            field.help_text = kwargs.get("help_text", db_field.help_text)
        return field
