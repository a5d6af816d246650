"""Users and groups of the account. Source: API reference section 1.2."""

from connections.destinations.activecampaign.sandbox.call import Call, existing
from connections.destinations.activecampaign.sandbox.messages import Answer, json_answer
from connections.destinations.activecampaign.sandbox.shapes import user as shapes


def me(call: Call) -> Answer:
    """The user who owns the key: the first one."""
    row = existing(call.data.users, "User", 1)
    return json_answer({"user": shapes.user(row, call.base)})


def index(call: Call) -> Answer:
    """A page of users."""
    return call.collection("users", call.data.users, lambda row: shapes.user(row, call.base))


def show(call: Call) -> Answer:
    """One user."""
    return json_answer({"user": shapes.user(call.row(call.data.users, "User"), call.base)})


def group(call: Call) -> Answer:
    """Which group a user is in."""
    row = call.row(call.data.users, "User")
    return json_answer({"userGroup": {"userid": str(row.id), "groupid": "1", "group": "1"}})


def root(call: Call) -> Answer:
    """Nothing, but only for a good key."""
    return json_answer({})


def groups(call: Call) -> Answer:
    """The one group, to share lists with."""
    group = {"title": "Admin", "descript": "", "links": [], "id": "1"}
    return json_answer({"groups": [group], "meta": {"total": "1"}})
