"""Writing contacts: sync, plain create and update. Source: API reference sections 3.1 to 3.4."""

import re
from typing import Any

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json
from connections.destinations.activecampaign.sandbox.endpoints import inline
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    as_id,
    as_text,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import Contact, FieldValue
from connections.destinations.activecampaign.sandbox.shapes import contact as shapes
from connections.destinations.activecampaign.sandbox.shapes import custom_field

_FORBIDDEN = re.compile(r'[\s"(),:;<>\[\]]')
_DOT_LETTERS = re.compile(r"\.[^\W\d_]{2}")
_ATTRIBUTES = {
    "firstName": "first_name",
    "lastName": "last_name",
    "phone": "phone",
    "orgname": "orgname",
}


def is_email(text: str) -> bool:
    """Whether the vendor's importer would take the address.

    Source: reference section 3.4: one @ with something before it, no special characters,
    a dot and at least two letters in the domain.
    """
    local, at, domain = text.partition("@")
    plain = bool(local and at) and "@" not in domain and not _FORBIDDEN.search(text)
    return plain and bool(_DOT_LETTERS.search(domain))


def sync(call: Call) -> Answer:
    """Create or update by email: 201 with the short shape or 200 with the full one."""
    given = call.given("contact")
    if not given.get("email"):
        raise refusals.email_missing()
    email = _checked_email(call, given)
    return _save(call, email, given)


def create(call: Call) -> Answer:
    """Create only; a known email is refused."""
    given = call.given("contact")
    email = _checked_email(call, given)
    if call.data.contacts.find(email.lower()):
        raise refusals.email_taken()
    return _save(call, email, given)


def update(call: Call) -> Answer:
    """Change a contact by id, its email too."""
    contact = call.contact()
    given = call.given("contact")
    values = _attributes(given)
    if "email" in given:
        values["email"] = _free_email(call, given, contact)
    call.data.contacts.change(contact, updated=call.now, **values)
    stored = _store_values(call, contact, given)
    return _answer(call, contact, stored, created=False)


def _save(call: Call, email: str, given: Json) -> Answer:
    wanted = inline.checked(call, given)
    contact, created = changes.save_contact(
        call.data, email, now=call.now, changes=_attributes(given)
    )
    stored = _store_values(call, contact, given)
    inline.apply(call, contact, wanted)
    return _answer(call, contact, stored, created=created)


def _answer(
    call: Call, contact: Contact, stored: list[FieldValue] | None, *, created: bool
) -> Answer:
    shaped = (shapes.short if created else shapes.full)(contact, call.base)
    payload: Json = {"contact": shaped}
    if stored is not None:
        shaped["fieldValues"] = [str(row.id) for row in stored]
        payload = {
            "fieldValues": [custom_field.value(row, call.base) for row in stored],
            **payload,
        }
    return json_answer(payload, 201 if created else 200)


def _attributes(given: Json) -> dict[str, str]:
    return {
        attribute: as_text(given[name]) for name, attribute in _ATTRIBUTES.items() if name in given
    }


def _store_values(call: Call, contact: Contact, given: Json) -> list[FieldValue] | None:
    sent = given.get("fieldValues")
    if not isinstance(sent, list):
        return None
    rows = (_store_value(call, contact, item) for item in sent if isinstance(item, dict))
    return [row for row in rows if row]


def _store_value(call: Call, contact: Contact, item: dict[str, Any]) -> FieldValue | None:
    # An unknown field id is dropped without a word, as the vendor does.
    field = call.data.fields.get(as_id(item.get("field")))
    if field is None:
        return None
    text = as_text(item.get("value"))
    return changes.set_value(call.data, contact, field, text, now=call.now)[0]


def _checked_email(call: Call, given: Json) -> str:
    email = as_text(given.get("email")).strip()
    if not is_email(email):
        switch = call.switch("invalid_email_status")
        raise refusals.email_invalid(switch["status"] if switch else 422)
    return email


def _free_email(call: Call, given: Json, contact: Contact) -> str:
    email = _checked_email(call, given)
    owner = call.data.contacts.find(email.lower())
    if owner and owner.id != contact.id:
        raise refusals.email_taken()
    return email
