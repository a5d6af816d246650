"""The live page and its files, served from this folder and from nowhere else."""

from pathlib import Path

from connections.destinations.activecampaign.sandbox.messages import Answer, Request, json_answer

FOLDER = Path(__file__).parent
FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def answer(request: Request) -> Answer:
    """A file of the page, or 404."""
    found = FILES.get("/".join(request.segments))
    if found is None:
        return json_answer({"error": "There is nothing here. The API is at /api/3."}, 404)
    if request.method not in ("GET", "HEAD"):
        return json_answer({"error": "Use GET."}, 405)
    name, content_type = found
    body = (FOLDER / name).read_bytes()
    return Answer(body=body, content_type=content_type, headers=HEADERS)
