"""Deleting in the admin: rows of configuration are marked, never removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from meshes.retiring import in_use_by, retire


class SoftDeleteMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Marks rows as deleted and refuses while other rows need them."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Mark one row."""
        retire(obj, by=request.user.get_username(), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Mark every chosen row."""
        for row in queryset:
            self.delete_model(request, row)

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """What the confirmation lists: the rows, and what stands in the way."""
        rows = list(objs)
        in_the_way = [sentence for row in rows for sentence in in_use_by(row)]
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        counts = {self.opts.verbose_name_plural: len(rows)}
        return [str(row) for row in rows], counts, lacking, in_the_way
