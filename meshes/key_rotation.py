"""Moves stored secrets to the newest of CREDENTIAL_KEYS while everything runs.

A secret is replaced only if it is still the one that was read, so that nobody's save is
lost; whoever stops in the middle starts again and finds the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from meshes.encryption import CannotOpen, Sealed, SealedField, is_newest, resealed

AT_ONCE = 200
MOST_PASSES = 5
"""A pass meets what people saved during the one before; a few are enough for a quiet end."""


@dataclass(slots=True)
class Standing:
    """How many stored secrets need which keys.

    Shape: `newest` are sealed with the first key, `older` with another one of
    the list, `lost` with none of it. `lost_in` names their tables.
    """

    newest: int = 0
    older: int = 0
    lost: int = 0
    lost_in: tuple[str, ...] = ()

    def add(self, other: Standing) -> None:
        """Count the other's secrets here, too."""
        self.newest, self.older = self.newest + other.newest, self.older + other.older
        self.lost, self.lost_in = self.lost + other.lost, self.lost_in + other.lost_in


def sealed_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Every table and column that holds secrets, found by the kind of the column."""
    for table in apps.get_models(include_auto_created=True):
        for column in table._meta.local_concrete_fields:
            if isinstance(column, SealedField):
                yield table, column.attname


def standing() -> Standing:
    """How every stored secret stands now; changes nothing."""
    found = Standing()
    for table, column in sealed_columns():
        found.add(_standing_in(table, column))
    return found


def rotate() -> int:
    """How many secrets were sealed anew; afterwards none needs an older key.

    Shape: those that no key opens are left as they are, and so is what other
    processes seal with an older key meanwhile; `standing` tells of both.
    """
    done = 0
    for _ in range(MOST_PASSES):
        moved = sum(_rotated_in(table, column) for table, column in sealed_columns())
        done += moved
        if not moved:
            break
    return done


def _standing_in(table: type[models.Model], column: str) -> Standing:
    found = Standing()
    for _, sealed in _secrets(table, column):
        if is_newest(sealed):
            found.newest += 1
        elif _reseal(sealed) is not None:
            found.older += 1
        else:
            found.lost += 1
            found.lost_in = (str(table._meta.verbose_name_plural),)
    return found


def _rotated_in(table: type[models.Model], column: str) -> int:
    moved = 0
    for pk, sealed in _secrets(table, column):
        fresh = None if is_newest(sealed) else _reseal(sealed)
        if fresh is not None:
            # Only this very token: a secret that somebody saved meanwhile stays.
            still = table._base_manager.filter(**{"pk": pk, column: sealed})
            moved += still.update(**{column: fresh})
    return moved


def _reseal(sealed: Sealed) -> Sealed | None:
    try:
        return resealed(sealed)
    except CannotOpen:
        return None


def _secrets(table: type[models.Model], column: str) -> Iterator[tuple[Any, Sealed]]:
    """The id and the sealed value of every row that has one, a batch at a time."""
    rows = table._base_manager.exclude(**{column: Sealed("")}).order_by("pk")
    batch = list(rows.values_list("pk", column)[:AT_ONCE])
    while batch:
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1][0]).values_list("pk", column)[:AT_ONCE])
