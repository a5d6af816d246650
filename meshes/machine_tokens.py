"""Which machine key signed a bearer token, checked exactly; nothing here decides what it may do.

Source: Meshes API wire contract, section 2.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.db.models import Q

from meshes.api_errors import Forbidden, Unauthorized
from meshes.authentication import CREATED_BY_LENGTH
from meshes.encryption import Sealed
from meshes.models import MachineKey, Organization

ALGORITHM = "HS256"
AUDIENCE = "meshes-api"
ISSUER = "urn:meshes:m2m:"
LONGEST_LIFE_S = 60
CLOCK_LEEWAY_S = 5
LONGEST_TOKEN = 4096
LATEST_MOMENT = 10**12
NOTED_EVERY = timedelta(minutes=1)

NO_TOKEN = "Send a token signed with a machine key: Authorization: Bearer …"  # noqa: S105
NOT_A_TOKEN = f"The bearer token is no JSON Web Token signed with {ALGORITHM}."
NOT_OURS = "The machine key is unknown, revoked or expired, or its secret did not sign this token."
WRONG_ISSUER = f"The claim iss must be {ISSUER} followed by the access key in kid."
WRONG_AUDIENCE = f'The claim aud must be "{AUDIENCE}".'
NO_TIMES = "The claims iat and exp must be numbers: seconds since 1970 in UTC."
EXPIRED = "The token has expired; sign a new one for each request."
FROM_THE_FUTURE = "The claim iat lies in the future; set this machine's clock right."
TOO_LONG_LIVED = f"The claim exp must be at most {LONGEST_LIFE_S} seconds after iat."
NO_SUCH_ORGANIZATION = "The claim org names no organization."
OTHER_ORGANIZATION = "This machine key may not act for the organization in the claim org."

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_COLUMNS = ("pk", "name", "organization_id", "secret", "read_only", "last_used_at")


@dataclass(frozen=True, slots=True)
class MachineHolder:
    """Whoever signs with a usable machine key.

    Shape: `workspace_ids` is None when all of the organization's are open.
    """

    organization_id: UUID
    key_id: UUID
    key_name: str
    read_only: bool
    workspace_ids: frozenset[UUID] | None

    @property
    def created_by(self) -> str:
        """How rows name this sender."""
        return f"machine key: {self.key_name}"[:CREATED_BY_LENGTH]


@dataclass(frozen=True, slots=True)
class _Key:
    """A machine key with what it takes to check a token."""

    holder: MachineHolder
    secret: Sealed
    last_used_at: datetime | None


def machine_holder(token: str, *, now: datetime) -> MachineHolder:
    """Whoever signed the token.

    Raises: Unauthorized; Forbidden when the token is good but for another organization.
    """
    access_key = _access_key(token)
    key = _key(access_key, now=now)
    if key is None:
        raise Unauthorized(NOT_OURS)
    claims = _claims(token, secret=key.secret.open(), access_key=access_key)
    _refuse_wrong_times(claims.get("iat"), claims.get("exp"), now=now.timestamp())
    _refuse_other_organizations(claims.get("org"), key.holder)
    _note_use(key, now=now)
    return key.holder


def _access_key(token: str) -> str:
    """The access key that the token's header names; nothing is proved yet."""
    try:
        header = jwt.get_unverified_header(token) if len(token) <= LONGEST_TOKEN else {}
    except jwt.InvalidTokenError:
        header = {}
    if header.get("alg") != ALGORITHM:
        raise Unauthorized(NOT_A_TOKEN)
    return str(header.get("kid", ""))


def _key(access_key: str, *, now: datetime) -> _Key | None:
    """The usable key, read with its workspaces by one statement."""
    if not re.fullmatch(r"[\x21-\x7e]{1,64}", access_key):
        return None
    usable = MachineKey.objects.usable(now).filter(organization__deleted_at__isnull=True)
    named = usable.filter(access_key=access_key)
    rows = list(named.values_list(*_COLUMNS, "workspaces__pk"))
    if not rows:
        return None
    pk, name, organization_id, secret, read_only, last_used_at, _ = rows[0]
    listed = frozenset(row[-1] for row in rows if row[-1] is not None)
    holder = MachineHolder(organization_id, pk, name, read_only, listed or None)
    return _Key(holder, secret, last_used_at)


def _claims(token: str, *, secret: str, access_key: str) -> dict[str, Any]:
    """The claims of a token that this secret signed for us.

    Why: the times are checked apart, against the caller's clock and without
    a leeway that would lengthen a token's life.
    """
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    options |= {"strict_aud": True, "require": ["iss", "aud"]}
    issuer = ISSUER + access_key
    try:
        return jwt.decode(
            token, secret, [ALGORITHM], options=options, audience=AUDIENCE, issuer=issuer
        )
    except jwt.InvalidSignatureError:
        raise Unauthorized(NOT_OURS) from None
    except jwt.InvalidTokenError as error:
        raise Unauthorized(_said_of(error)) from None


def _said_of(error: jwt.InvalidTokenError) -> str:
    claim = getattr(error, "claim", "")
    if isinstance(error, jwt.InvalidIssuerError) or claim == "iss":
        return WRONG_ISSUER
    if isinstance(error, jwt.InvalidAudienceError) or claim == "aud":
        return WRONG_AUDIENCE
    return NOT_A_TOKEN


def _refuse_wrong_times(issued: Any, ends: Any, *, now: float) -> None:
    if not (_is_moment(issued) and _is_moment(ends)):
        raise Unauthorized(NO_TIMES)
    if ends <= now:
        raise Unauthorized(EXPIRED)
    if issued > now + CLOCK_LEEWAY_S:
        raise Unauthorized(FROM_THE_FUTURE)
    if not 0 < ends - issued <= LONGEST_LIFE_S:
        raise Unauthorized(TOO_LONG_LIVED)


def _is_moment(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and abs(value) < LATEST_MOMENT  # neither NaN nor infinity is


def _refuse_other_organizations(named: Any, holder: MachineHolder) -> None:
    if not isinstance(named, str) or not _UUID.fullmatch(named):
        raise Unauthorized(NO_SUCH_ORGANIZATION)
    if UUID(named) == holder.organization_id:
        return
    if Organization.objects.live().filter(pk=UUID(named)).exists():
        raise Forbidden(OTHER_ORGANIZATION)
    raise Unauthorized(NO_SUCH_ORGANIZATION)


def _note_use(key: _Key, *, now: datetime) -> None:
    """Remember that the key was used, at most once a minute."""
    before = now - NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > before:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
    MachineKey.objects.filter(stale, pk=key.holder.key_id).update(last_used_at=now)
