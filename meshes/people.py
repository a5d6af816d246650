"""People of the staff by the name that somebody typed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model


def named(name: str) -> Any:
    """The person with this user name, None when there is none."""
    model: Any = get_user_model()
    return model._default_manager.filter(**{model.USERNAME_FIELD: name[:150]}).first()
