"""How the admin looks; `ENABLED = False` brings Django's own admin back.

Only data: what imports the theme is `meshes.admin_base`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy

ENABLED = True
APPS = ["unfold", "unfold.contrib.simple_history"] if ENABLED else []


def icon(_request: HttpRequest) -> str:
    """The address of the icon that a browser shows in its tab."""
    return static("meshes/icon.svg")


UNFOLD = {
    "SITE_TITLE": "Meshes",
    "SITE_HEADER": "Meshes",
    "SITE_SUBHEADER": "Outbound integrations",
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": icon}],
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "ACCOUNT": {
        "navigation": [{"title": "Second factor", "link": reverse_lazy("second-factor")}],
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "meshes.theme.navigation",
    },
}
SEES_HISTORY = ("deliveries.view_event", "deliveries.view_delivery")
ROOMS = ("deliveries", "rules", "connections", "meshes", "auth")
ICONS = {
    "Delivery": "send",
    "Event": "bolt",
    "EventHour": "filter_alt",
    "Attempt": "history",
    "Alert": "warning",
    "BackgroundJob": "replay",
    "Trial": "science",
    "Erasure": "person_off",
    "BooksCheck": "balance",
    "PayloadLook": "visibility",
    "Rule": "rule",
    "MappingVersion": "schema",
    "EventType": "label",
    "ResourceType": "category",
    "Connection": "cable",
    "Account": "speed",
    "Organization": "domain",
    "Workspace": "workspaces",
    "PublishableKey": "key",
    "MachineKey": "vpn_key",
    "Membership": "badge",
    "AlertContact": "notifications",
    "User": "person",
    "AuditEntry": "policy",
    "Group": "group",
}
GUIDE_RIGHTS = (
    "meshes.add_workspace",
    "connections.add_connection",
    "rules.add_rule",
    "deliveries.send_test_event",
)
TITLES = {"AuditEntry": "Audit", "BooksCheck": "Books", "EventHour": "Milestone funnel"}
# Pages that list no table of their own: title, icon, name of the address, a permission of these.
BESIDE = {
    "deliveries": (
        ("People", "person_search", "admin:deliveries_event_people", SEES_HISTORY),
        ("Unmatched events", "radar", "admin:deliveries_radar", SEES_HISTORY[:1]),
        ("Silent events", "notifications_paused", "admin:deliveries_silence", SEES_HISTORY[:1]),
    )
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: every room's pages that this person may open, in our order."""
    from django.contrib import admin

    apps = {app["app_label"]: app for app in admin.site.get_app_list(request)}
    known = [label for label in ROOMS if label in apps]
    others = [label for label in apps if label not in ROOMS]
    first = [{"title": "Overview", "icon": "home", "link": "/admin/", "active": _is_home}]
    if may_open_guide(request):
        first.append({"title": "First steps", "icon": "flag", "link": reverse("guide")})
    groups = [
        {"title": apps[label]["name"], "items": [*_links(apps[label]), *_beside(request, label)]}
        for label in known
    ]
    groups += [{"title": apps[label]["name"], "items": _links(apps[label])} for label in others]
    return [{"items": first}, *groups]


def may_open_guide(request: HttpRequest) -> bool:
    """Whether this person may take one of the first steps at least."""
    return any(request.user.has_perm(right) for right in GUIDE_RIGHTS)


def _is_home(request: HttpRequest) -> bool:
    return request.path == "/admin/"


def _is_below(link: str | None, request: HttpRequest) -> bool:
    """Whether a page of the table is open, and not one that has a link of its own."""
    own = [reverse(name) for beside in BESIDE.values() for _, _, name, _ in beside]
    return bool(link) and request.path.startswith(str(link)) and request.path not in own


def _beside(request: HttpRequest, label: str) -> list[dict[str, Any]]:
    """The room's pages that list no table, for those who may open them."""
    return [
        {"title": title, "icon": icon, "link": reverse(name)}
        for title, icon, name, permissions in BESIDE.get(label, ())
        if any(map(request.user.has_perm, permissions))
    ]


def _links(app: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "title": TITLES.get(model["object_name"], model["name"]),
            "icon": ICONS.get(model["object_name"], "table_rows"),
            "link": model["admin_url"],
            "active": partial(_is_below, model["admin_url"]),
        }
        for model in app["models"]
        if model["admin_url"]
    ]
