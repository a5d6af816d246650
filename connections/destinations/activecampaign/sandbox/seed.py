"""Sample data: what a person finds who opens the sandbox for the first time."""

import time
from dataclasses import dataclass

from connections.destinations.activecampaign.sandbox.rows import User
from connections.destinations.activecampaign.sandbox.state import State

TAGS = (
    "trial-started",
    "step-1-complete",
    "step-2-complete",
    "step-3-complete",
    "onboarding-finished",
)
LISTS = ("Onboarding", "Newsletter", "Product updates")
AUTOMATION = "Onboarding: third step done"
AUTOMATION_TAG = "step-3-complete"


@dataclass(frozen=True)
class Seed:
    """What to sow: `samples` tags, lists, fields, an automation; `tags` more tags for paging."""

    samples: bool = True
    tags: int = 0


def sow(state: State, seed: Seed) -> None:
    """Fill an empty account; its user exists in any case."""
    now = time.time()
    with state.lock:
        owner = User(username="admin", first_name="Ada", last_name="Poe", email="ada@example.com")
        owner.created = owner.updated = now
        state.data.users.add(owner)
        if seed.samples:
            _sow_samples(state)
        for number in range(1, seed.tags + 1):
            state.add_tag(f"sample-tag-{number:04d}")


def _sow_samples(state: State) -> None:
    ids = {name: state.add_tag(name) for name in TAGS}
    for name in LISTS:
        state.add_list(name)
    state.add_field("Plan", type="dropdown", options=("Free", "Pro", "Team"))
    state.add_field("Company")
    state.add_field("Interests", type="checkbox", options=("Email", "Reports", "Automation"))
    state.add_field("Signed up", type="date")
    state.add_automation(AUTOMATION, tag=ids[AUTOMATION_TAG])
