"""Opens a file that Meshes exported, of whichever kind, or says in one sentence why not. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meshes import strict_json
from meshes.api_errors import ApiError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class FileUnusable(Exception):
    """The file cannot be read as what it should be; one sentence why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """What a file of this kind says of itself, and the sentences for one that is refused."""

    format: str
    version: int
    most_bytes: int
    too_large: str
    foreign: str
    other_version: str

    def opened(self, raw: bytes) -> dict[str, Any]:
        """The whole of the file, once it is of this kind and version.

        Raises: FileUnusable.
        """
        if len(raw) > self.most_bytes:
            raise FileUnusable(self.too_large)
        try:
            body = strict_json.parse(raw.removeprefix(BYTE_ORDER_MARK))
        except ApiError as error:
            problem = f"The file is no JSON that can be read. {error.message}"
            raise FileUnusable(problem) from None
        if not isinstance(body, dict) or body.get("format") != self.format:
            raise FileUnusable(self.foreign)
        if body.get("version") != self.version:
            raise FileUnusable(self.other_version)
        return body
