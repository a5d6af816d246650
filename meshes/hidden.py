"""The organization and the workspace of the canary, which no list, count or choice shows.

Why: fixed ids, so that processes that make the rows at the same time make the same ones, and
so that a statement can leave them out without asking for them first.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q

CANARY_ORGANIZATION = UUID("ca087828-7641-412d-b17b-4077ede3b44f")
CANARY_WORKSPACE = UUID("19eabf67-0892-49c9-bd89-536f5db97a3d")


def shown(path: str = "workspace") -> Q:
    """The condition that a row, whose workspace the lookup leads to, is not the canary's."""
    leads_there: dict[str, Any] = {path: CANARY_WORKSPACE}
    return ~Q(**leads_there)
