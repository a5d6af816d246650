"""One event with three matching rules, compared with what answers, stores or queues less."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from django.db import connection
from django.test import override_settings

from tests.bench.bench import Bench
from tests.bench.figures import Line, at_least, at_most
from tests.bench.inside import Application, Post, cpu_ms, ratio, statements
from tests.bench.rates import Contender, rates, share
from tests.bench.sandboxes import Sandboxes
from tests.bench.senders import bodies, headers_of, make_sender
from tests.bench.serving import PLAIN, gunicorn, serving

EVENTS = "/api/v1/events"
INSERT = "/api/v1/insert"
MANY_RULES = 50
TIMES, TIMES_QUICK = 200, 60
LATENCY_S = 0.15
AIM_STATEMENTS = {"postgresql": 2, "sqlite": 4}
AIM_CPU = 2.0
AIM_OF_BARE_DJANGO = 20.0
AIM_OF_TASKS = 2.5

MESHES, WSGI, DJANGO, PROJECT = "Meshes", "bare WSGI", "bare Django", "Django as startproject"
STORES, QUEUES, CALLS = "DRF, key and one INSERT", "one task an event", "calls in the request"
KEEPS_AND_QUEUES = "event by the ORM, one task"
QUEUES_AS_DJANGO_COMES = "one task, Django's backend"


def measure(bench: Bench) -> Iterator[Line]:
    """Statements, processor time and throughput."""
    yield from _inside(bench)
    yield from _served(bench)


def _inside(bench: Bench) -> Iterator[Line]:
    application, given = Application(), {"bodies": bodies()}
    few, many = make_sender(), make_sender(rules=MANY_RULES)
    ours = application.poster(EVENTS, headers=headers_of(few), **given)
    theirs = application.poster(INSERT, headers=headers_of(few), **given)
    counted = statements(ours)
    more = statements(application.poster(EVENTS, headers=headers_of(many), **given))
    yield bench.line(
        "SQL statements",
        **at_most(max(counted, more), AIM_STATEMENTS[connection.vendor], digits=0),
        note=f"{counted} with 3 matching rules, {more} with {MANY_RULES}",
    )
    used = cpu_ms(
        {"ours": ours, "theirs": _in_plain_project(theirs)},
        times=TIMES_QUICK if bench.quick else TIMES,
    )
    ms = {name: statistics.median(values) for name, values in used.items()}
    yield bench.line(
        "CPU ÷ the key's query and one INSERT",
        **at_most(ratio(used["ours"], used["theirs"]), AIM_CPU, unit="×"),
        note=f"in process: {ms['ours']:.2f} ms against {ms['theirs']:.2f} ms for a view of the "
        "REST framework behind the same middleware that asks for the key and inserts the event, "
        "without checks, rules and deliveries",
    )


def _in_plain_project(post: Post) -> Post:
    """The same call with the addresses of the plain project."""
    there = override_settings(ROOT_URLCONF="tests.bench.plain.urls")

    def posted() -> None:
        with there:
            post()

    return posted


def _served(bench: Bench) -> Iterator[Line]:
    sender = make_sender()
    ours = {"headers": headers_of(sender), "bodies": bodies()}
    with ExitStack() as stack:
        boxes = stack.enter_context(Sandboxes(1, latency_s=LATENCY_S, rate_per_second=None))
        [place] = boxes.places
        tag = boxes.ask(place.name, "add_tag", "finished")
        there = {"BENCH_URL": place.url, "BENCH_KEY": place.key, "BENCH_TAG": tag}

        def server(settings: str, application: str = PLAIN) -> object:
            given = {"DJANGO_SETTINGS_MODULE": settings, **there}
            log = bench.folder / "web.log"
            return stack.enter_context(serving(gunicorn(application), log=log, **given))

        project = server("tests.bench.plain.settings")
        stock = server("tests.bench.plain.stock_settings")
        nothing = server("tests.bench.plain.bare_settings")
        meshes = server("meshes.settings", "meshes.wsgi")
        found = rates(
            {
                MESHES: Contender(meshes, EVENTS, **ours),
                WSGI: Contender(nothing, "/bare", **ours),
                DJANGO: Contender(nothing, "/hello", **ours),
                PROJECT: Contender(project, "/hello", **ours),
                STORES: Contender(project, INSERT, **ours),
                QUEUES: Contender(project, "/enqueue", **ours),
                QUEUES_AS_DJANGO_COMES: Contender(stock, "/enqueue", **ours),
                KEEPS_AND_QUEUES: Contender(project, "/keep-and-enqueue", **ours),
                CALLS: Contender(project, "/call", **ours),
            },
            quick=bench.quick,
        )
    for name, rate in found.items():
        yield bench.line(name, measured=f"{rate.rate:.0f}/s", note=str(rate), bar=rate.rate)
    of_bare = share(found[MESHES], found[DJANGO])
    of_project = share(found[MESHES], found[PROJECT])
    yield bench.line(
        "throughput ÷ bare Django",
        **at_least(100 * of_bare, AIM_OF_BARE_DJANGO, digits=0, unit=" %"),
        note=f"a view without any middleware; {100 * of_project:.0f} % of one behind the "
        "middleware of startproject",
    )
    yield bench.line(
        "throughput ÷ one task an event",
        **at_least(share(found[MESHES], found[QUEUES]), AIM_OF_TASKS, unit="×"),
        note="a view of the REST framework with a serializer, the key by the ORM and async_task; "
        "it keeps nothing but the task",
    )
    stock_share = share(found[MESHES], found[QUEUES_AS_DJANGO_COMES])
    yield bench.line(
        "throughput ÷ one task on Django's backend",
        measured=f"{stock_share:.2f}×",
        note="the same view on the database backend that comes with Django, instead of ours",
    )
    keeping = share(found[MESHES], found[KEEPS_AND_QUEUES])
    yield bench.line(
        "throughput ÷ event and task",
        measured=f"{keeping:.2f}×",
        note="the same view when it stores the event by the ORM as well, still without rules and "
        "deliveries",
    )
