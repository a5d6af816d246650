"""From a delivery's row to the job that a destination understands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connections.destinations.base import Job
from connections.models import CatalogEntry
from deliveries.models import Delivery
from deliveries.outcomes import MappingFailed
from rules import mapping

SHORTEST_HIDDEN = 2
TAKEN = "taken_away"
"""In the progress of a delivery: the target that its present run has taken away already."""


def job_for(delivery: Delivery, *, field_types: Mapping[str, str] | None = None) -> Job:
    """What the destination is asked to do, with the mapping pinned at intake.

    Shape: `field_types` are read for the account unless they are given.
    Raises: MappingFailed when a required field cannot be made.
    """
    version = delivery.rule_version
    mapped = mapping.evaluate(version.mapping.schema, delivery.event.payload)
    if mapped.failed:
        raise MappingFailed("mapping_failed", mapped.failed)
    values = {dest: value for dest, value in mapped.values.items() if dest != "email"}
    return Job(
        action=delivery.action,
        email=delivery.email,
        target_id=delivery.target_id,
        target_label=version.target_label,
        values=values,
        field_types=(
            field_types_of(delivery.account_id, values) if field_types is None else field_types
        ),
        resubscribe=version.resubscribe,
        restart=version.restart,
        taken_away=str(delivery.progress.get(TAKEN, "")),
    )


def field_types_of(account_id: int, values: Mapping[str, Any]) -> dict[str, str]:
    """The types of the account's own fields among the values, by their ids."""
    custom = [dest for dest in values if dest.isdigit()]
    if not custom:
        return {}
    entries = CatalogEntry.objects.present().filter(
        account_id=account_id, kind="field", external_id__in=custom
    )
    return dict(entries.values_list("external_id", "type"))


def values_to_hide(delivery: Delivery, job: Job) -> tuple[str, ...]:
    """The email and every value of the payload, to be masked in what is stored."""
    found = {job.email, *_texts(delivery.event.payload), *_texts(dict(job.values))}
    return tuple(sorted(value for value in found if len(value) >= SHORTEST_HIDDEN))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case bool() | None:
            return
        case _:
            yield str(value)
