"""From one step of a milestone path to the next: names and tags that count on.

Pure: texts in, texts out.
"""

from __future__ import annotations

import re

DIGITS = re.compile(r"\d+")


def is_number(step: str) -> bool:
    """Whether the step counts, so that another one may follow it."""
    return step.isascii() and step.isdigit()


def number_pattern(label: str) -> str:
    """The text without case, its numbers replaced: `step-3-complete` gives `step-#-complete`."""
    return DIGITS.sub("#", label.strip().casefold())


def following(step: str) -> str:
    """The next step, or '' after one that does not count."""
    return str(int(step) + 1) if is_number(step) else ""


def counted_on(text: str, *, step: str) -> str:
    """The text with the step's number raised by one, or '' where it does not stand in it.

    Shape: `03` becomes `04`; of several such numbers the first one counts.
    """
    if not is_number(step):
        return ""
    for found in DIGITS.finditer(text):
        if found[0].isascii() and int(found[0]) == int(step):
            raised = str(int(step) + 1).zfill(len(found[0]))
            return text[: found.start()] + raised + text[found.end() :]
    return ""
