"""Importing a reviewed file of rules: all that was chosen, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from meshes.models import Workspace
from rules.errors import Refused
from rules.import_plan import Choices, Plan, plan
from rules.rules_file import Entry
from rules.saving import save_rule
from rules.versions import changing


class ImportRefused(Exception):
    """Nothing was imported; the sentence names the rule and the next step."""


class RulesMoved(ImportRefused):
    """The workspace's rules changed after the review."""


def apply(  # noqa: PLR0913  a review has this many parts
    entries: Sequence[Entry],
    *,
    workspace: Workspace,
    choices: Choices,
    chosen: Collection[int],
    reviewed_version: int,
    by: str,
    now: datetime,
) -> Plan:
    """The plan as it was carried out, in one transaction.

    Shape: `chosen` are places in the file, from 0; only what is to be created
    or changed is stored. `reviewed_version` is the workspace's rules version
    that the person saw.
    Raises: ImportRefused, RulesMoved; then nothing is stored.
    """
    with changing(workspace.pk):
        current = Workspace.objects.values_list("rules_version", flat=True).get(pk=workspace.pk)
        if current != reviewed_version:
            raise RulesMoved("Somebody changed the rules meanwhile. Review the file again.")
        planned = plan(entries, workspace=workspace, choices=choices)
        for place, one in enumerate(planned.rules):
            if place in chosen and one.fate in ("create", "change") and one.draft is not None:
                try:
                    save_rule(one.rule, draft=one.draft, by=by, now=now)
                except Refused as refusal:
                    raise ImportRefused(
                        f"Nothing was imported, because of “{one.entry.name}”: {refusal.message}"
                    ) from None
        return planned
