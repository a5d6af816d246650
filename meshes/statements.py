"""Statements that come with every request or delivery, kept ready by the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db import connection

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

    from meshes.postgresql.base import DatabaseWrapper


def prepared_cursor() -> CursorWrapper:
    """A cursor for a statement whose text is always the same; values travel beside it.

    Why: PostgreSQL plans it once a connection instead of every time.
    """
    return cast("CursorWrapper", cast("DatabaseWrapper", connection).prepared_cursor())
