"""One call of an endpoint: the request, the account it reached and how to answer it.

Handlers get nothing else; they run while the account's lock is held.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connections.destinations.activecampaign.sandbox import refusals
from connections.destinations.activecampaign.sandbox.faults import Faults
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Request,
    as_id,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import Contact, Row
from connections.destinations.activecampaign.sandbox.settings import Settings
from connections.destinations.activecampaign.sandbox.tables import Data, R, Table

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """What a handler works with; `args` are the variable parts of the path."""

    request: Request
    data: Data
    faults: Faults
    settings: Settings
    args: tuple[str, ...] = ()
    now: float = field(default_factory=time.time)

    @property
    def base(self) -> str:
        """Where links point: the host that the client asked for."""
        return f"http://{self.request.host}/api/3"

    def given(self, wrapper: str) -> Json:
        """The object under its singular key; empty when there is none.

        Raises: Refusal when the body is no JSON object.
        """
        body = self.request.body
        if not isinstance(body, dict):
            raise refusals.bad_json()
        inner = body.get(wrapper)
        return inner if isinstance(inner, dict) else {}

    def switch(self, name: str) -> Json | None:
        """The options of a behavior switch if it is on for this request."""
        return self.faults.take(name, self.request)

    def row(self, table: Table[R], model: str) -> R:
        """The row that the path names.

        Raises: Refusal with the vendor's 404.
        """
        return existing(table, model, self.args[0])

    def contact(self) -> Contact:
        """The contact that the path names."""
        return self.row(self.data.contacts, "Subscriber")

    def collection(
        self, plural: str, rows: Iterable[Row], shape: Any, *, default: int = 20, **extra: Any
    ) -> Answer:
        """One page of rows under their plural key, with meta.total as text."""
        listed = list(rows)
        limit, offset = self.request.query.page(default)
        page = [shape(row) for row in listed[offset : offset + limit]]
        return json_answer({**extra, plural: page, "meta": {"total": str(len(listed))}})


def existing(table: Table[R], model: str, row_id: Any) -> R:
    """The row with this id.

    Raises: Refusal with the vendor's 404, which calls things by internal names.
    """
    number = as_id(row_id)
    row = table.get(number)
    if row is None:
        raise refusals.not_found(model, number)
    return row
