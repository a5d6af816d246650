"""A client with a machine key that signs and checks as the official management client does.

Source: Meshes API wire contract, sections 1.1, 2.2 and 3.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any
from uuid import uuid4

import jwt
from django.test import Client

from meshes.keys import create_machine_key
from meshes.models import MachineKey, Organization

ORGANIZATION = re.compile(
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", re.IGNORECASE
)
ACCESS_KEY = re.compile(r"^mk_[A-Za-z0-9_-]{22,}$")
SECRET_KEY = re.compile(r"^[A-Za-z0-9_-]{43,}$")


class Machine:
    """Calls the API as one machine key; `ask` answers with the parsed body."""

    def __init__(self, key: MachineKey, secret: str) -> None:
        self.key, self.secret = key, secret
        self.organization_id = str(key.organization_id)
        assert ORGANIZATION.match(self.organization_id)
        assert ACCESS_KEY.match(key.access_key)
        assert SECRET_KEY.match(secret)
        self.client = Client()

    def claims(self, **over: Any) -> dict[str, Any]:
        """What the official client says in a token."""
        now = int(time.time())
        claims = {"iss": f"urn:meshes:m2m:{self.key.access_key}", "aud": "meshes-api"}
        claims |= {"org": self.organization_id, "iat": now, "exp": now + 30}
        return {name: value for name, value in {**claims, **over}.items() if value is not None}

    def token(self, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A signed token with these changes; a claim of None is left out."""
        named = {"kid": self.key.access_key, "typ": "JWT"} | (header or {})
        raw = json.dumps(self.claims(**claims)).encode()  # jwt.encode refuses odd claims itself
        return jwt.api_jws.encode(raw, self.secret, "HS256", headers=named)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer; JSON is announced on every request, with or without a body."""
        sent = {
            "Authorization": f"Bearer {self.token()}",
            "Accept": "application/json",
            "X-Meshes-Client": "Meshes API Client v1.0.0",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        where = path if path.startswith("/api/") else f"/api/v1{path}"
        return self.client.generic(method, where, raw, "application/json", headers=sent)

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """The parsed body of an answer with this status."""
        answer = self.call(method, path, body)
        assert answer.status_code == status, (answer.status_code, answer.content)
        assert answer.headers["Content-Type"] == "application/json"
        return json.loads(answer.content)


def make_machine(organization: Organization | None = None, **over: Any) -> Machine:
    """A client with a key of its own, for an organization of its own unless you name one."""
    organization = organization or Organization.objects.create(name=f"Organization {uuid4()}")
    key, secret = create_machine_key(organization, name="Tests", by="tests", **over)
    return Machine(key, secret)
