"""Finds the signed-in person together with their second factor, by one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend


class StaffBackend(ModelBackend):
    """As its base; every page asks about the second factor, so it comes along."""

    def get_user(self, user_id: Any) -> Any:
        """The active person with this id, None when there is none."""
        people: Any = get_user_model()._default_manager.select_related("second_factor")
        person = people.filter(pk=user_id).first()
        return person if person is not None and self.user_can_authenticate(person) else None
