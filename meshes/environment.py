"""Reads environment variables; a value that cannot be read stops the start with a sentence."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

FALSE = ("false", "off", "no", "n", "0", "")
TRUE = (*environ.Env.BOOLEAN_TRUE_STRINGS,)


class SecretFiles(FileAwareMapping):
    """The environment, where `NAME_FILE` names a file that holds the value of `NAME`."""

    def __getitem__(self, key: str) -> str:
        """The value; that of a file without the line break that editors leave at its end."""
        value: str = super().__getitem__(key)
        return value.strip() if self.env.get(f"{key}_FILE") else value


class Environment(environ.FileAwareEnv):
    """django-environ, with `NAME_FILE` for every name and no guessing at misspelled values."""

    ENVIRON = SecretFiles(cache=False)

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        """The variable's value in the type that was asked for.

        Raises: ImproperlyConfigured naming the variable, never its value.
        """
        cast = options.get("cast", args[0] if args else None)
        if cast is bool and os.environ.get(var, "").strip().lower() not in (*TRUE, *FALSE):
            raise ImproperlyConfigured(f"{var} must be true or false.")
        if cast is float:
            options["cast"] = finite
        try:
            return super().get_value(var, *args, **options)
        except OSError as error:
            raise ImproperlyConfigured(
                f"{var}_FILE names a file that cannot be read ({type(error).__name__}): correct "
                "the path, or let the user of this process read it."
            ) from None
        except ValueError:
            kinds: dict[Any, str] = {int: "a whole number", float: "a number"}
            kind = kinds.get(cast, "spelled differently")
            raise ImproperlyConfigured(f"{var} must be {kind}.") from None


def finite(text: str) -> float:
    """The number as it is written.

    Why: django-environ leaves out whatever is no digit, so that `1e3` would be 13.
    Raises: ValueError, also for what has no size.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def make_folder(folder: Path) -> None:
    """Make the folder of SQLite's file where it is missing.

    Raises: ImproperlyConfigured when it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The folder of the file in DATABASE_URL cannot be made ({type(error).__name__}). "
            "Name one that this user may write to."
        ) from None


def postgresql_options(given: dict[str, Any]) -> dict[str, Any]:
    """Django's options for PostgreSQL, from those at the end of DATABASE_URL.

    Shape: only statements that ask for it are prepared; `prepare_threshold=None`
    forbids it, for a pooler that cannot keep them.
    Raises: ImproperlyConfigured.
    """
    threshold = given.get("prepare_threshold", 5)
    if str(threshold).lower() == "none":
        threshold = None
    elif not isinstance(threshold, int):
        raise ImproperlyConfigured("prepare_threshold in DATABASE_URL must be None or a number.")
    return {**given, "prepare_threshold": threshold}
