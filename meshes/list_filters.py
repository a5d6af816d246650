"""Text filters of lists, read from the query in one way for every list.

Source: Meshes API wire contract, sections 7.3 and 12.3.
"""

from __future__ import annotations

from collections.abc import Mapping

from meshes.api_errors import Fault

NAMES = ("event", "resource", "resource_id")
BAD_PARAMETERS = "One or more parameters are invalid."
MESSAGE = "must be one character or more, without NUL; leave it out for all"


def text_filters(query: Mapping[str, str]) -> tuple[dict[str, str], list[Fault]]:
    """The filters that were sent, by name, and what is wrong with them.

    Why: an empty one is refused, since a client whose variable is empty by
    mistake would take everything for what it asked for.
    """
    sent = {name: query[name] for name in NAMES if name in query}
    wrong = [name for name, text in sent.items() if not text or "\0" in text]
    return sent, [Fault(name, MESSAGE) for name in wrong]
