"""Accounts with people who finish and undo something, and whoever talks to the web machines."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import requests

from connections.models import Account
from meshes.models import Organization, Workspace
from meshes.workspaces import create_workspace
from rules.models import Rule
from tests.bench.sandboxes import Arrival, Sandboxes
from tests.bench.world import Site, make_site
from tests.builders import make_catalog_entry, make_rule
from tests.growth.machines import Machine

PEOPLE = 8
STEPS = ("finished", "undone")
WANTED = {"finished": "add", "undone": "remove"}
PACE = 10.0
ANSWERS_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """A workspace with a key, and its accounts.

    Shape: `accepted` are the ids of all events that were answered with 201, `said` the steps
    of every person in the order in which they were accepted.
    """

    boxes: Sandboxes
    workspace: Workspace
    key: str
    sites: list[Site]
    accepted: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)

    def people(self) -> list[tuple[Site, str]]:
        """Everybody, with the account that they are in."""
        return [(site, email) for site in self.sites for email in site.emails]

    def tell(self, webs: Sequence[Machine], *, steps: int) -> None:
        """Post so many steps of everybody: of each person in order, through any machine."""

        def one(person: tuple[Site, str]) -> None:
            site, email = person
            for _ in range(steps):
                done = self.said.setdefault(email, [])
                step = STEPS[len(done) % 2]
                answer = post(random.choice(webs), self.key, event_of(site, step, email))
                assert answer.status_code == 201, answer.text
                self.accepted.append(answer.json()["event"]["id"])
                done.append(step)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(one, self.people()))

    def twins(self, webs: Sequence[Machine], email: str) -> list[requests.Response]:
        """The answers to one event that is posted to all machines at the same moment."""
        body = event_of(self.sites[0], STEPS[0], email)
        once, begin = {"Idempotency-Key": str(uuid.uuid4())}, Barrier(len(webs))

        def one(web: Machine) -> requests.Response:
            begin.wait(timeout=ANSWERS_WITHIN_S)
            return post(web, self.key, body, **once)

        with ThreadPoolExecutor(len(webs)) as pool:
            answers = list(pool.map(one, webs))
        self.accepted.append(answers[0].json()["event"]["id"])
        self.said[email] = [STEPS[0]]
        return answers

    def writes(self) -> dict[str, list[str]]:
        """What arrived about each person's tag, in order; a repeat of the same is left out."""
        found: dict[str, list[str]] = {}
        for row in self.boxes.arrivals():
            email, _, wanted = _about(row)
            steps = found.setdefault(email, [])
            if wanted in WANTED.values() and row.outcome == "answered" and steps[-1:] != [wanted]:
                steps.append(wanted)
        return found

    def wanted(self) -> dict[str, list[str]]:
        """What has to arrive about each person."""
        return {email: [WANTED[step] for step in steps] for email, steps in self.said.items()}

    def refused(self) -> list[Arrival]:
        """Calls that an account answered with 429."""
        return [row for row in self.boxes.arrivals() if row.status == 429]


def make_scene(boxes: Sandboxes) -> Scene:
    """Accounts that hold a tag, with a rule that adds it and one that takes it away."""
    organization = Organization.objects.create(name="Growth")
    workspace, key = create_workspace("Growth", organization=organization, by="tests")
    sites = [make_site(boxes, place, people=PEOPLE, workspace=workspace) for place in boxes.places]
    for site in sites:
        tag = {"target_id": site.rule.target_id, "target_label": site.rule.target_label}
        make_catalog_entry(site.account, external_id=tag["target_id"], label=tag["target_label"])
        event = f"{STEPS[1]}.{site.place.name}"
        make_rule(connection=site.rule.connection, event=event, action="remove_tag", **tag)
    Account.objects.update(requests_per_second=PACE)
    return Scene(boxes, workspace, key.key, sites)


def event_of(site: Site, step: str, email: str) -> dict[str, Any]:
    """The body of an event about this person."""
    return {"event": f"{step}.{site.place.name}", "payload": {"email": email}}


def post(web: Machine, key: str, body: Any, **headers: str) -> requests.Response:
    """The answer of this machine to an event, or to many."""
    path = "/api/v1/events/bulk" if isinstance(body, list) else "/api/v1/events"
    sent = {"X-Meshes-Publishable-Key": key, **headers}
    return requests.post(web.url + path, json=body, headers=sent, timeout=ANSWERS_WITHIN_S)


def rule_for(site: Site, event: str) -> dict[str, Any]:
    """The body that creates a rule on this event for the account's tag."""
    rule: Rule = site.rule
    return {
        "workspace": str(rule.workspace_id),
        "connection": str(rule.connection_id),
        "event": event,
        "metadata": {"action": "add_tag", "id": rule.target_id},
    }


def _about(row: Arrival) -> tuple[str, str, str]:
    email, _, rest = row.about.partition(" ")
    target, _, wanted = rest.rpartition(" ")
    return email, target, wanted
