"""Writes down what people add, change and delete by the admin's own forms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from meshes import audit
from meshes.audit import Kind


class AuditedMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds an audit entry to each entry of Django's own log, in the same transaction."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """A new row."""
        audit.note(Kind.ADDED, by=audit.person(request.user), about=obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """An edit, with the names of the fields."""
        said = audit.changed_fields(message)
        audit.note(Kind.CHANGED, by=audit.person(request.user), about=obj, said=said)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Rows that are about to go."""
        for row in queryset:
            audit.note(Kind.DELETED, by=audit.person(request.user), about=row)
        return super().log_deletions(request, queryset)
