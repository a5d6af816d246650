"""Tags: list, search, create, change, delete. Source: API reference sections 4.1 and 4.2."""

import operator
from collections import Counter
from collections.abc import Callable, Iterable

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Refusal,
    as_text,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import Tag
from connections.destinations.activecampaign.sandbox.shapes import tag as shapes

# Names are compared without case; `neq` and the order signs work on the lower-cased name.
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "contains": operator.contains,
    "starts_with": str.startswith,
}


def index(call: Call) -> Answer:
    """A page of tags, contact and template ones; a tag without a type stays hidden."""
    held = Counter(link.tag for link in call.data.contact_tags)
    tags = _ordered(call, [tag for tag in call.data.tags if tag.kind and _matches(call, tag)])
    return call.collection("tags", tags, lambda tag: _listed(call, tag, held[tag.id]))


def show(call: Call) -> Answer:
    """One tag."""
    return _one(call, call.row(call.data.tags, "Tag"))


def create(call: Call) -> Answer:
    """Make a tag: 201; an existing name gives 200 and the tag, or the error of 2023."""
    given = call.given("tag")
    name = as_text(given.get("tag")).strip()
    if not name:
        raise refusals.missing_attribute("tag")
    kind = as_text(given.get("tagType"))
    if call.data.tags.find((kind, name.lower())):
        _refuse_duplicate(call, kind, name)
    tag, created = changes.ensure_tag(call.data, name, now=call.now, kind=kind)
    if not created:
        return _one(call, tag)
    tag.description = as_text(given.get("description"))
    return json_answer({"tag": shapes.written(tag, call.base)}, 201)


def update(call: Call) -> Answer:
    """Rename a tag or change its description."""
    tag = call.row(call.data.tags, "Tag")
    given = call.given("tag")
    name = as_text(given.get("tag")).strip() or tag.name
    kind = as_text(given.get("tagType")) or tag.kind
    owner = call.data.tags.find((kind, name.lower()))
    if owner and owner.id != tag.id:
        raise _duplicate(kind, name, 422)
    text = as_text(given["description"]) if "description" in given else tag.description
    call.data.tags.change(tag, name=name, kind=kind, description=text, updated=call.now)
    return _one(call, tag)


def delete(call: Call) -> Answer:
    """Delete a tag; everyone loses it."""
    changes.drop_tag(call.data, call.row(call.data.tags, "Tag"))
    return json_answer({})


def _one(call: Call, tag: Tag) -> Answer:
    held = sum(link.tag == tag.id for link in call.data.contact_tags)
    return json_answer({"tag": _listed(call, tag, held)})


def _listed(call: Call, tag: Tag, held: int) -> Json:
    return shapes.listed(tag, call.base, subscribers=held)


def _matches(call: Call, tag: Tag) -> bool:
    name = tag.name.lower()
    if call.request.query.get("search").lower() not in name:
        return False
    conditions = call.request.query.filters().get("search", {})
    return all(
        _OPERATORS[sign](name, text.lower())
        for sign, text in conditions.items()
        if sign in _OPERATORS
    )


def _ordered(call: Call, tags: list[Tag]) -> Iterable[Tag]:
    direction = dict(call.request.query.orders()).get("search")
    wanted = call.request.query.get("search").lower()
    if direction == "weight":
        return sorted(tags, key=lambda tag: (tag.name.lower() != wanted, tag.name.lower()))
    if direction in ("asc", "desc"):
        return sorted(tags, key=lambda tag: tag.name.lower(), reverse=direction == "desc")
    return tags


def _refuse_duplicate(call: Call, kind: str, name: str) -> None:
    switch = call.switch("duplicate_tag_2023")
    if switch:
        raise _duplicate(kind, name, switch["status"])


def _duplicate(kind: str, name: str, status: int) -> Refusal:
    error = f"Duplicate entry '{kind}-{name}' for key 'typetag'"
    return Refusal(json_answer({"message": "Could not process request", "error": error}, status))
