"""Automations and the contacts inside them. Source: API reference section 7."""

from typing import Any

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.rows import Automation, Enrollment
from connections.destinations.activecampaign.sandbox.shapes import links_to

AUTOMATION_LINKS = ("campaigns", "contactGoals", "contactAutomations", "blocks", "goals", "sms")
ENTRY_LINKS = ("automation", "contact", "contactGoals", "automationLogs")


def automation(row: Automation, base: str, *, entered: int, exited: int) -> dict[str, Any]:
    """An automation; status 1 is active, 2 is not."""
    return {
        "name": row.name,
        "cdate": clock.with_offset(row.created),
        "mdate": clock.with_offset(row.updated),
        "userid": "1",
        "status": "1" if row.active else "2",
        "entered": str(entered),
        "exited": str(exited),
        "hidden": "0",
        "links": links_to(base, "automations", row.id, AUTOMATION_LINKS),
        "id": str(row.id),
    }


def entry(row: Enrollment, base: str, *, done: bool) -> dict[str, Any]:
    """A contactAutomation; its progress members are numbers."""
    return {
        "contact": str(row.contact),
        "seriesid": str(row.automation),
        "startid": 0,
        "status": 2 if done else 1,
        "adddate": clock.with_offset(row.created),
        "lastblock": "4",
        "completedElements": "2" if done else "1",
        "totalElements": "2",
        "completed": 1 if done else 0,
        "completeValue": 100 if done else 50,
        "links": links_to(base, "contactAutomations", row.id, ENTRY_LINKS),
        "id": str(row.id),
        "automation": str(row.automation),
    }
