"""Writes docs/licenses.md from the packages' own metadata, or with --check compares it.

A license that asks more of whoever passes Meshes on than its text and name is refused.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licenses.md"
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==", re.M)
KNOWN = re.compile(r"\b(?:MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|LGPL)", re.I)
STRICT = re.compile(r"(?<!Lesser )(?<!L)\b(?:A?GPL|(?:Affero )?General Public)", re.I)
ELSEWHERE = {"async-timeout": "Apache-2.0"}
"""Packages for other interpreters than the one that writes the page."""

COMMENTS = {
    "certifi": "the list of certificate authorities, used as it is",
    "psycopg": "only with PostgreSQL; used as a library, unchanged",
    "psycopg-binary": "the same, with libpq (PostgreSQL) and OpenSSL (Apache-2.0)",
    "drf-spectacular-sidecar": "carries Swagger UI and ReDoc",
    "django-unfold": "carries Alpine.js, Chart.js, htmx, SimpleBar, Inter and Material Symbols",
}
HEAD = """# Licenses of what Meshes runs on

Made by `make licenses` from the metadata of the packages in `requirements.txt`; `make check`
compares it. Tools for working on Meshes (`requirements-dev.txt`) are not passed on, nor listed.

All of them may be used, changed and passed on together with Meshes, for money too, as long as
their texts and names stay with them; pip leaves the texts in each package's folder. Two kinds ask
for more:

- **LGPL-3.0** (psycopg): whoever passes Meshes on together with psycopg, in a container image for
  example, lets the receiver replace psycopg by another version. Installed by pip it can be;
  nothing else is to do, and Meshes' own code stays under its own license.
- **MPL-2.0** (certifi): changes to its own files must be published. Meshes changes none.

| Package | License | What is special |
| --- | --- | --- |
"""


def main() -> int:
    """The exit status of writing or checking."""
    rows = {name: license_of(name) for name in packages()}
    text = HEAD + "".join(
        f"| {name} | {rows[name]} | {COMMENTS.get(name, '')} |\n" for name in rows
    )
    refused = [name for name, named in rows.items() if not is_fine(named)]
    for name in refused:
        print(
            f"{name} has the license {rows[name]!r}, which nobody has judged; see .ci/licenses.py."
        )
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
    elif PAGE.read_text() != text:
        print("docs/licenses.md does not follow from requirements.txt. Run: make licenses")
        return 1
    return 1 if refused else 0


def packages() -> list[str]:
    """The names in the lock file, in its order."""
    return PIN.findall((ROOT / "requirements.txt").read_text())


def license_of(name: str) -> str:
    """What the installed package says of itself."""
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ELSEWHERE.get(name, "unknown")
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in found.get_all("Classifier", [])
        if line.startswith("License :: OSI Approved :: ")
    ]
    named = found.get("License-Expression") or ", ".join(classifiers) or found.get("License", "")
    return named.strip().splitlines()[0][:80] if named.strip() else "unknown"


def is_fine(named: str) -> bool:
    """Whether somebody has judged this kind of license."""
    return bool(KNOWN.search(named)) and not STRICT.search(named)


if __name__ == "__main__":
    sys.exit(main())
