"""The vendor's error bodies. Pure: each returns the exception to raise.

Source: ActiveCampaign API v3 reference, sections 1.1, 3, 4, 5, 6, 7 and 13.1.
"""

from typing import Any

from connections.destinations.activecampaign.sandbox.messages import Answer, Refusal, json_answer


def not_found(model: str, row_id: int) -> Refusal:
    """404 that names the vendor's internal model, such as Subscriber for a contact."""
    return Refusal(json_answer({"message": f"No Result found for {model} with id {row_id}"}, 404))


def no_route() -> Refusal:
    """404 for a path that leads nowhere."""
    return Refusal(json_answer({"message": "No Result"}, 404))


def wrong_method(allowed: list[str]) -> Refusal:
    """405 with the methods that the path knows."""
    answer = json_answer({"message": "Method Not Allowed"}, 405)
    return Refusal(answer.but(headers={"Allow": ", ".join(sorted(allowed))}))


def errors(status: int, *items: dict[str, Any]) -> Refusal:
    """An answer with a list of errors."""
    return Refusal(json_answer({"errors": list(items)}, status))


def bad_json() -> Refusal:
    """400 for a body that is no JSON object."""
    return errors(400, {"title": "Bad Request", "detail": "Invalid or unparsable json"})


def email_missing() -> Refusal:
    """What contact/sync says without an email."""
    detail = "Contact email must be provided for sync"
    return errors(400, {"status": 400, "title": "Bad Request", "detail": detail})


def email_invalid(status: int = 422) -> Refusal:
    """The address is none."""
    return errors(
        status,
        {
            "title": "Contact Email Address is not valid.",
            "detail": "",
            "code": "email_invalid",
            "error": "must_be_valid_email_address",
            "source": {"pointer": "/data/attributes/email"},
        },
    )


def email_taken() -> Refusal:
    """Another contact has the address."""
    return errors(
        422,
        {
            "title": "Email address already exists in the system",
            "detail": "",
            "code": "duplicate",
            "source": {"pointer": "/data/attributes/email"},
        },
    )


def missing_attribute(name: str) -> Refusal:
    """A required member is not there."""
    pointer = {"pointer": f"/data/attributes/{name}"}
    return errors(422, {"status": 422, "title": "Missing attribute", "source": pointer})


def no_tag_id(status: int) -> Refusal:
    """A tag name or nothing where a tag id belongs; 400 in 2021, 422 in 2026."""
    return errors(
        status,
        {
            "title": "Invalid value for query parameter contactTag.tag",
            "detail": "No tag id provided",
            "source": {"parameter": "contactTag.tag"},
        },
    )


def contact_not_found() -> Refusal:
    """What contactTags says about an unknown contact."""
    return errors(404, {"status": 404, "title": "Not Found", "detail": "Contact not found"})


def related_missing(name: str) -> dict[str, Any]:
    """One error item for an unknown list or contact in contactLists."""
    return {
        "title": f"The related {name} does not exist.",
        "detail": "",
        "code": "related_missing",
        "error": f"{name}_not_exist",
        "source": {"pointer": f"/data/attributes/{name}"},
    }


def bad_choice(name: str) -> Refusal:
    """A value that is not among the allowed ones."""
    return errors(
        422,
        {
            "status": 422,
            "title": "Invalid choice",
            "detail": "The value you selected is not a valid choice.",
            "source": {"pointer": f"/data/attributes/{name}"},
        },
    )


def no_permission(what: str) -> Refusal:
    """403 for a thing the key owner's group may not see; JSON under text/plain."""
    detail = f"You do not have permission to view {what}."
    refusal = errors(403, {"status": 403, "title": "Forbidden", "detail": detail})
    return Refusal(refusal.answer.but(content_type="text/plain"))


def forbidden(message: str) -> Refusal:
    """403 with a message."""
    return Refusal(json_answer({"message": message}, 403))


def empty_forbidden() -> Answer:
    """403 without a body and without a content type: a wrong or revoked key."""
    return Answer(status=403, content_type=None)
