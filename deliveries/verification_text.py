"""A verification as lines of text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from deliveries.verifying import Verification

SUMS = (
    ("Accepted events", "accepted", ("unmatched", "matched")),
    ("Deliveries", "deliveries", ("completed", "waiting", "held", "failed", "canceled")),
    ("Attempts", "attempts", ()),
)
EVER = (("Accepted events", "accepted"), ("Deliveries", "deliveries"))


def lines(found: Verification) -> Iterator[str]:
    """Figures, what was looked at, and every fault; the last line is the verdict."""
    figures = found.figures
    for title, name, parts in SUMS:
        shown = " + ".join(f"{figures[part]:,} {part}" for part in parts)
        yield f"{title}: {figures[name]:,}" + (f" = {shown}" if shown else "")
    for title, name in EVER:
        if removed := figures[f"removed.{name}"]:
            ever = figures[f"ever.{name}"]
            yield f"{title} ever: {ever:,}, of which retention removed {removed:,}"
    yield f"Events evaluated again: {found.sampled:,} (--seed {found.seed})"
    if found.skipped:
        yield f"Events that were gone before they could be evaluated: {found.skipped:,}"
    folded = found.folded
    yield (
        f"Delivered attempts folded in their order: {folded.attempts:,} on {folded.targets:,} "
        f"targets, of which {folded.held:,} hold the tag or list"
    )
    if folded.changed_elsewhere:
        yield (
            f"Targets found otherwise than the attempt before had left them: "
            f"{folded.changed_elsewhere:,} (changed in the account, or by an attempt whose "
            "answer was lost)"
        )
    yield from (f"FAULT: {fault}" for fault in found.faults)
    yield _verdict(len(found.faults))


def _verdict(faults: int) -> str:
    if not faults:
        return "Everything adds up."
    number = "1 thing does" if faults == 1 else f"{faults:,} things do"
    return f"{number} not add up. Keep this output and look at the rows that it names."
