"""Which endpoint answers a method and a path. One literal table."""

from collections.abc import Callable

from connections.destinations.activecampaign.sandbox import refusals
from connections.destinations.activecampaign.sandbox.call import Call
from connections.destinations.activecampaign.sandbox.endpoints import (
    automations,
    contact_links,
    contact_lists,
    contact_tags,
    contact_writes,
    contacts,
    field_options,
    field_values,
    fields,
    imports,
    lists,
    tags,
    users,
)
from connections.destinations.activecampaign.sandbox.messages import Answer

Handler = Callable[[Call], Answer]

ROUTES: dict[str, dict[str, Handler]] = {
    # A public connector takes a 200 from the bare address as proof of its key.
    "": {"GET": users.root},
    "users": {"GET": users.index},
    "users/me": {"GET": users.me},
    "users/*": {"GET": users.show},
    "users/*/userGroup": {"GET": users.group},
    "groups": {"GET": users.groups},
    "contact/sync": {"POST": contact_writes.sync},
    # Not the sync route: the plural one behaves like a plain create.
    "contacts/sync": {"POST": contact_writes.create},
    "contacts": {"GET": contacts.index, "POST": contact_writes.create},
    "contacts/*": {
        "GET": contacts.show,
        "PUT": contact_writes.update,
        "DELETE": contacts.delete,
    },
    "contacts/*/*": {"GET": contact_links.nested},
    "tags": {"GET": tags.index, "POST": tags.create},
    "tags/*": {"GET": tags.show, "PUT": tags.update, "DELETE": tags.delete},
    "contactTags": {"GET": contact_tags.index, "POST": contact_tags.create},
    "contactTags/*": {"GET": contact_tags.show, "DELETE": contact_tags.delete},
    "contactTags/*/tag": {"GET": contact_tags.show_tag},
    "lists": {"GET": lists.index, "POST": lists.create},
    "lists/exclusions": {"GET": lists.exclusions},
    "lists/*": {"GET": lists.show, "PUT": lists.update, "DELETE": lists.delete},
    "listGroups": {"POST": lists.share},
    "contactLists": {"GET": contact_lists.index, "POST": contact_lists.create},
    "contactLists/*": {"GET": contact_lists.show},
    "fields": {"GET": fields.index, "POST": fields.create},
    "fields/*": {"GET": fields.show, "PUT": fields.update, "DELETE": fields.delete},
    "fields/*/options": {"GET": fields.options},
    "fields/*/relations": {"GET": fields.relations},
    "fieldRels": {"POST": fields.place},
    "fieldOption/bulk": {"POST": field_options.create_many},
    "fieldOptions/*": {"GET": field_options.show, "DELETE": field_options.delete},
    "fieldValues": {"GET": field_values.index, "POST": field_values.create},
    "fieldValues/*": {
        "GET": field_values.show,
        "PUT": field_values.update,
        "DELETE": field_values.delete,
    },
    "automations": {"GET": automations.index},
    "automations/*": {"GET": automations.show},
    "contactAutomations": {"GET": automations.entries, "POST": automations.enroll},
    "contactAutomations/*": {"GET": automations.show_entry, "DELETE": automations.leave},
    "import/bulk_import": {"GET": imports.overview, "POST": imports.create},
    "import/info": {"GET": imports.info},
}
# Literal parts first, so that users/me is not read as the user with the id "me".
_PATTERNS = sorted(
    ((tuple(filter(None, path.split("/"))), methods) for path, methods in ROUTES.items()),
    key=lambda item: item[0].count("*"),
)


def find(method: str, segments: tuple[str, ...]) -> tuple[Handler, tuple[str, ...]]:
    """The handler and the variable parts of the path; literal parts win over variable ones.

    Raises: Refusal with 404 for an unknown path, 405 for an unknown method.
    """
    for pattern, methods in _PATTERNS:
        args = _match(pattern, segments)
        if args is not None:
            if method not in methods:
                raise refusals.wrong_method(list(methods))
            return methods[method], args
    raise refusals.no_route()


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    if len(pattern) != len(segments):
        return None
    pairs = list(zip(pattern, segments, strict=True))
    if any(part not in ("*", segment) for part, segment in pairs):
        return None
    return tuple(segment for part, segment in pairs if part == "*")
