"""An account that follows a script: each call takes the next answer and is kept."""

import json
from typing import Any

from connections.destinations.base import Answer, Job, Request

EMAIL = "ada@example.com"


class Script:
    """A `Call` that answers line by line; a line is a status and a JSON body."""

    def __init__(self, *lines: tuple[int, Any]) -> None:
        self.lines = list(lines)
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.sent.append(request)
        status, body = self.lines.pop(0)
        return answer(status, body)

    @property
    def calls(self) -> list[str]:
        """The requests in short: method and path, with the query if any."""
        return [_short(request) for request in self.sent]


def answer(status: int, body: Any, **headers: str) -> Answer:
    """An answer; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw, 5)


def job(action: str, **over: Any) -> Job:
    """A job about Ada on target 64, with nothing mapped."""
    values = {"email": EMAIL, "target_id": "64", "target_label": "Trial", **over}
    return Job(action, **values)


def contact(id: str = "482", email: str = EMAIL, **over: str) -> dict[str, Any]:
    """A contact as an update or a look-up shows it, the full shape in short."""
    return {"id": id, "email": email, "cdate": "1", "udate": "2", "sentcnt": "0", **over}


def created(id: str = "482") -> tuple[int, Any]:
    """The line of a sync that creates."""
    return 201, {"contact": {"id": id, "email": EMAIL, "cdate": "1", "udate": "1"}}


def updated(id: str = "482", email: str = EMAIL) -> tuple[int, Any]:
    """The line of a sync that updates."""
    return 200, {"contact": contact(id, email)}


def tagged(link: str = "34", status: int = 201, email: str = EMAIL) -> tuple[int, Any]:
    """The line of a tag that was added."""
    link_row = {"id": link, "contact": "482", "tag": "64"}
    return status, {"contacts": [contact(email=email)], "contactTag": link_row}


def listed(status: int = 201, email: str = EMAIL) -> tuple[int, Any]:
    """The line of a list state that was set."""
    return status, {"contacts": [contact(email=email)], "contactList": {"id": "39", "status": 1}}


def links(*tags: str, contact: str = "482") -> tuple[int, Any]:
    """The line of a contact's links; the link of tag 64 is 364."""
    return 200, {"contactTags": [{"contact": contact, "tag": tag, "id": f"3{tag}"} for tag in tags]}


def states(**lists: str) -> tuple[int, Any]:
    """The line of a contact's memberships, such as `_64="2"`."""
    rows = [{"contact": "482", "list": k[1:], "status": v} for k, v in lists.items()]
    return 200, {"contactLists": rows}


def missing(model: str, id: str = "9") -> tuple[int, Any]:
    """The line of an id that died."""
    return 404, {"message": f"No Result found for {model} with id {id}"}


def _short(request: Request) -> str:
    query = "&".join(f"{key}={value}" for key, value in request.query)
    return f"{request.method} {request.path}" + (f"?{query}" if query else "")
