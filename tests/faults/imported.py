"""The writes of bulk imports, told as calls: a log of requests does not show them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.faults.sandboxes import Call

PATH = "import/bulk_import"


def import_calls(
    account: str, imports: Iterable[Mapping[str, Any]], *, tags: Mapping[str, str]
) -> Iterator[Call]:
    """A call for each person and tag of each import, as long as the import took.

    Shape: `tags` gives the id of each name; what was not imported has
    `applied` false. An import that never ended took no time.
    """
    for batch in imports:
        for person in batch["people"]:
            for name in person["tags"]:
                yield Call(
                    account=account,
                    seq=0,
                    at=batch["created"],
                    took_s=max(0.0, batch["finished"] - batch["created"]),
                    status=200,
                    outcome=f"import {batch['outcome'] or 'waiting'}",
                    fault="",
                    applied=person["imported"],
                    email=person["email"].lower(),
                    kind="tag",
                    target=tags.get(name, name),
                    wanted="add",
                    method="POST",
                    path=PATH,
                )
