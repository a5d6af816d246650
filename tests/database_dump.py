"""Every value of the database as text, for whoever looks for what must not be there."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

AT_ONCE = 500


def values() -> Iterator[tuple[str, str]]:
    """The table and column of each value, and the value as text."""
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            names = [f"{table}.{column[0]}" for column in cursor.description]
            while rows := cursor.fetchmany(AT_ONCE):
                for row in rows:
                    yield from zip(names, map(_text, row), strict=True)


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    return str(value)
