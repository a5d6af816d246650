"""Secrets that are made once and kept in a file; imports nothing of Django."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


def kept(path: Path, fresh: str) -> str:
    """The secret that the file keeps; the fresh one when there is no file yet.

    Why: the file appears whole, since a web server and a worker may start at
    the same moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{uuid4().hex}")
        draft.touch(mode=0o600)
        draft.write_text(fresh)
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
