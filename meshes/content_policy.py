"""Tells browsers what a page may load and do: nothing but what comes from here.

What each exception is for stands in docs/security.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse

from meshes import theme

HEADER = "Content-Security-Policy"
NOTHING = {"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'"}
OWN = {
    **NOTHING,
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
}
ADMIN = {**OWN, "form-action": "'self'"}
if theme.ENABLED:
    # Alpine.js compiles the expressions in the theme's markup; the theme's colors are a <style>.
    ADMIN |= {"script-src": "'self' 'unsafe-eval'", "style-src": "'self' 'unsafe-inline'"}
DOCS = {**OWN, "form-action": "'none'", "style-src": "'self' 'unsafe-inline'"}


def header_of(policy: Mapping[str, str]) -> str:
    """The policy as the header says it."""
    return "; ".join(f"{name} {value}" for name, value in policy.items())


# What went wrong is told on a page of its own, wherever it went wrong.
LOST = header_of({**NOTHING, "style-src": "'self'", "img-src": "'self'"})
POLICIES = {"/admin/": header_of(ADMIN), "/api/docs": header_of(DOCS)}
ELSEWHERE = header_of(NOTHING)


class ContentPolicyMiddleware:
    """Gives every answer the policy of its address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        answer.headers.setdefault(HEADER, policy_of(request.path, answer))
        return answer


def policy_of(path: str, answer: HttpResponse) -> str:
    """The policy of the answer at this path; answers that are no pages may load nothing."""
    known = next((POLICIES[place] for place in POLICIES if path.startswith(place)), ELSEWHERE)
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return LOST if known == ELSEWHERE and answer.status_code >= 400 and is_page else known
