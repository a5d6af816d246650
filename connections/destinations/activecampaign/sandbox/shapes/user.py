"""A user of the account. Source: API reference section 1.2."""

from typing import Any

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.rows import User
from connections.destinations.activecampaign.sandbox.shapes import links_to

LINKS = (
    "lists",
    "userGroup",
    "dealGroupTotals",
    "dealGroupUsers",
    "configs",
    "dealConnection",
    "userConversationsPermission",
    "seatUser",
)


def user(row: User, base: str) -> dict[str, Any]:
    """A user with its eight links."""
    return {
        "username": row.username,
        "firstName": row.first_name,
        "lastName": row.last_name,
        "email": row.email,
        "phone": "",
        "signature": "",
        "localZoneid": "America/Chicago",
        "password_updated_utc_timestamp": clock.NO_DATE,
        "cdate": None,
        "udate": None,
        "mfaEnabled": "0",
        "links": links_to(base, "users", row.id, LINKS),
        "id": str(row.id),
    }
