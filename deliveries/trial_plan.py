"""What cleaning up after a test may take away; pure, so that it can be said before it is done.

Only what was absent before the test goes, and only while nobody else has a hand in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from connections.destinations.base import Action
from connections.destinations.contacts import ContactSeen

Step = Literal["delete", "take_tag", "unsubscribe", "nothing"]

DELETES = (
    "Deletes the contact, which the test created. It stays if a real event has reached it "
    "since, or if it got other tags or lists."
)
KEEPS = "Keeps the contact, which was there before the test."
UNTOUCHED = "The test never got to write, so there is nothing to take back."
STAYS_REMOVED = (
    "What the rule takes away is not given back, since that could start an automation. "
    "Give it back in {destination} if this contact should have it."
)
FIELDS = "Fields that the test wrote keep what it wrote."
WAS_HELD = "{subject} was there before the test, so it stays."
NOT_THERE = "{subject} is not there any more, so there is nothing to take back."
GIVEN_SINCE = "{subject} stays, because a delivery of a real event has asked for it since."
GIVEN_ELSEWHERE = "{subject} stays, because somebody has taken it away and given it again since."
CONTACT_GONE = "The contact is not there, so there is nothing to take back."
CONTACT_KEPT = "The contact stays, although the test created it: {why}."
CONTACT_TOUCHED = "a delivery of a real event has reached it since"
CONTACT_UNSURE = "it was not seen right after the test, so somebody else may have created it"
NOT_GIVEN = "{subject} stays, because the test is not known to have given it."
CONTACT_HOLDS = "it holds tags or is on lists that the test did not give it"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the test was about: the action, its tag or list, and how people call them."""

    action: Action
    target_id: str
    target: str
    destination: str

    @property
    def words(self) -> str:
        """The tag or list as a sentence begins with it."""
        return f"The {self.action.target_kind} {self.target}".strip()


@dataclass(frozen=True, slots=True)
class Touched:
    """Whether real events have reached the target, or the contact at all, since the test."""

    target: bool = False
    contact: bool = False


@dataclass(frozen=True, slots=True)
class Looks:
    """The contact as it was before the test and after it, and as it is now.

    Shape: `before` and `after` as `trial_looks` keeps them; None or empty
    where nobody looked. `delivered` says that the test is known to have
    brought about what its rule wants; `synced` is the contact that the latest
    sync of ours named, also where the test went no further.
    """

    before: Mapping[str, str] | None
    after: Mapping[str, str] | None
    now: ContactSeen
    delivered: bool = True
    synced: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The one step to take, with the sentences that say what happens and what stays."""

    step: Step
    kept: tuple[str, ...] = ()


def promise(before: Mapping[str, str] | None, subject: Subject) -> list[str]:
    """What a clean-up would do, before the account is asked again."""
    if not before:
        return [UNTOUCHED]
    if subject.action.effect == "remove":
        return [STAYS_REMOVED.format(destination=subject.destination)]
    if not before["contact"]:
        only = f" Then only {_small(subject)} goes." if _has_target(subject) else ""
        return [f"{DELETES}{only}"]
    told = [KEEPS]
    if _was_held(before, subject):
        return [*told, WAS_HELD.format(subject=subject.words)]
    if _has_target(subject):
        told.append(f"{_goes(subject)} It stays if a real event has asked for it since.")
    return [*told, FIELDS]


def plan(looks: Looks, *, subject: Subject, touched: Touched) -> Plan:
    """What to take away from the contact as it was seen now."""
    if not looks.before:
        return Plan("nothing", (UNTOUCHED,))
    if subject.action.effect == "remove":
        return Plan("nothing", (STAYS_REMOVED.format(destination=subject.destination),))
    if not looks.now.id:
        return Plan("nothing", (CONTACT_GONE,))
    if looks.before["contact"]:
        return _of_target(looks, subject, touched, kept=FIELDS)
    why = _why_kept(looks, subject, touched)
    if why:
        return _of_target(looks, subject, touched, kept=CONTACT_KEPT.format(why=why))
    return Plan("delete")


def _why_kept(looks: Looks, subject: Subject, touched: Touched) -> str:
    seen, kind = looks.now, subject.action.target_kind
    tags = set(seen.tags) - ({subject.target_id} if kind == "tag" else set())
    lists = set(seen.lists) - ({subject.target_id} if kind == "list" else set())
    if touched.contact:
        return CONTACT_TOUCHED
    if tags or lists:
        return CONTACT_HOLDS
    return "" if seen.id in (looks.synced, (looks.after or {}).get("contact")) else CONTACT_UNSURE


def _of_target(looks: Looks, subject: Subject, touched: Touched, *, kept: str) -> Plan:
    if not _has_target(subject):
        return Plan("nothing", (kept,))
    stays = _why_stays(looks, subject, touched)
    if stays:
        return Plan("nothing", (kept, stays.format(subject=subject.words)))
    return Plan("take_tag" if subject.action.target_kind == "tag" else "unsubscribe", (kept,))


def _why_stays(looks: Looks, subject: Subject, touched: Touched) -> str:
    given = looks.after.get("link") if looks.after else ""
    if _was_held(looks.before or {}, subject):
        return WAS_HELD
    if not looks.now.holds(subject.action.target_kind, subject.target_id):
        return NOT_THERE
    if touched.target:
        return GIVEN_SINCE
    if not looks.delivered:
        return NOT_GIVEN
    elsewhere = given and given != looks.now.tags.get(subject.target_id, "")
    return GIVEN_ELSEWHERE if elsewhere else ""


def _was_held(before: Mapping[str, str], subject: Subject) -> bool:
    if subject.action.target_kind == "tag":
        return bool(before.get("link"))
    return subject.action.target_kind == "list" and before.get("state") == "active"


def _has_target(subject: Subject) -> bool:
    return subject.action.target_kind != "contact"


def _small(subject: Subject) -> str:
    return subject.words[0].lower() + subject.words[1:]


def _goes(subject: Subject) -> str:
    if subject.action.target_kind == "tag":
        return f"Takes {_small(subject)} from the contact."
    return (
        f"Unsubscribes the contact from {_small(subject)}; {subject.destination} cannot delete a "
        "membership."
    )
