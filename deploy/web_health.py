"""Exits with 0 when the web server in this container can accept events, else says why not.

Asks with the standard library alone, as it runs every few seconds.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_S = 4.0


def host() -> str:
    """A host name that the server answers to."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return "localhost" if first in ("", "*") else first


def main() -> int:
    """The exit status of one question to `/readyz`."""
    port = int(os.environ.get("PORT", "8000"))
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        line.request("GET", "/readyz", headers={"Host": host()})
        answer = line.getresponse()
        said = answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"The web server does not answer ({type(error).__name__}).\n")
        return 1
    finally:
        line.close()
    sys.stdout.write(f"{answer.status} {said}\n")
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
