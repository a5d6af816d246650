"""The page of a person of the staff, with what an operator does when a phone is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from meshes import second_factors, sign_in_tries
from meshes.admin_base import UserAdmin
from meshes.admin_buttons import Button


def _unlock(_request: HttpRequest, person: Any, _values: Mapping[str, Any]) -> str:
    sign_in_tries.unlock(person.get_username())
    sign_in_tries.unlock(sign_in_tries.code_of(person))
    return f"{person} may try to sign in again at once."


def _reset(_request: HttpRequest, person: Any, _values: Mapping[str, Any]) -> str:
    second_factors.remove(person)
    return f"{person} signs in by the password alone, and may set up a new second factor."


def _has_factor(person: Any) -> bool:
    return second_factors.confirmed(person) is not None


UNLOCK = Button(
    name="unlock",
    label="Unlock",
    question="Let {row} try to sign in again, whatever was tried with this name before?",
    act=_unlock,
)
RESET = Button(
    name="reset-second-factor",
    label="Reset second factor",
    question="Take the second factor of {row} away? The password alone opens from then on.",
    act=_reset,
    shown=_has_factor,
    danger=True,
)


class StaffAdmin(UserAdmin):
    """People of the staff."""

    buttons = [UNLOCK, RESET]
