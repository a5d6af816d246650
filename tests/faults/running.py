"""One run on one combination: start, load, break, let settle, judge."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack

from tests.faults import judging, plan
from tests.faults.client import Client
from tests.faults.combinations import Combination
from tests.faults.injecting import Injector, Victims
from tests.faults.operators import Operators
from tests.faults.options import Options
from tests.faults.people import People
from tests.faults.sandboxes import Drain
from tests.faults.saying import say
from tests.faults.stage import Stage
from tests.faults.watching import Watch
from tests.faults.weather import Weather

MOST_BACKLOG = 400
CLIENTS = 4
PAUSE_S = 0.1
SETTLE_S = 240.0
TEND_EVERY_S = 5.0
TELL_EVERY_S = 60.0
SHARE_OF_KILLS = 0.05
PREVIOUS_FROM, PREVIOUS_UNTIL = 0.3, 0.6


class Run:
    """A run in progress."""

    def __init__(self, stage: Stage, options: Options) -> None:
        self.stage, self.options = stage, options
        self.name = str(stage.combination)
        self.watch, self.drain = Watch(), Drain(stage.sandboxes)
        self.client = Client(
            port=stage.port,
            key=stage.scene.key,
            seed=f"{options.seed} {self.name} load",
            may_post=lambda: self.watch.backlog < MOST_BACKLOG,
            pause_s=PAUSE_S,
        )
        victims = Victims(
            workers=[*stage.workers],
            web=stage.web,
            postgres=stage.postgres,
            redis=stage.redis,
            clock_file=stage.clock_file,
            delivering=lambda: self.watch.processing > 0,
            answering=lambda: self.client.in_flight > 0,
        )
        self.injector = Injector(victims, dice=self._dice("victims"))
        self.people = People(
            stage.scene,
            stage.sandboxes,
            seed=f"{options.seed} {self.name} people",
            # A refused key holds everything, for longer than the previous release works along.
            may_refuse=self._previous_is_gone,
        )
        self.operators = Operators(
            stage.scene,
            stage.sandboxes,
            self.client,
            seed=f"{options.seed} {self.name} operators",
            share=lambda: (time.monotonic() - self.begun) / options.seconds,
        )
        self.begun = time.monotonic()

    def go(self) -> int:
        """0 when every promise held."""
        for part in (self.watch, self.drain, self.people, self.operators):
            part.start()
        self.client.start(CLIENTS)
        weather = Weather(self.stage.sandboxes, dice=self._dice("weather"))
        weather.start()
        self._break()
        weather.stop()
        self._settle()
        return judging.judge(self)

    def _dice(self, what: str) -> random.Random:
        return random.Random(f"{self.options.seed} {self.name} {what}")

    def _break(self) -> None:
        stage = self.stage
        cards = plan.deck(
            postgres=bool(stage.postgres), redis=bool(stage.redis), clock=bool(stage.clock_file)
        )
        self.begun, told = time.monotonic(), 1
        for fault in plan.planned(
            cards, every_s=self.options.kill_every_s, dice=self._dice("plan")
        ):
            while (passed := time.monotonic() - self.begun) < fault.at_s:
                time.sleep(min(0.2, max(0.0, fault.at_s - passed)))
            self._previous_release(passed)
            if passed > self.options.seconds or self._enough():
                break
            self.injector.inject(fault.kind)
            if passed > told * TELL_EVERY_S:
                told += 1
                self._tell(passed)
        if stage.previous is not None:
            stage.previous.end()

    def _enough(self) -> bool:
        least = self.options.most_faults
        kills = len(self.injector.broken.kills)
        return 0 < least <= self.faults() and kills >= least * SHARE_OF_KILLS

    def _previous_is_gone(self) -> bool:
        previous = self.stage.previous
        return previous is None or (not previous.kept and not previous.pid)

    def faults(self) -> int:
        """How many faults there were so far, the sandboxes' included."""
        answers = sum(
            bool(call.fault) for sandbox in self.stage.sandboxes for call in sandbox.calls
        )
        return answers + self.injector.broken.counts.total()

    def _previous_release(self, passed: float) -> None:
        """Let a worker of the previous release work along for a while."""
        previous, share = self.stage.previous, passed / self.options.seconds
        if previous is None:
            return
        if previous.process is None and share > PREVIOUS_FROM:
            previous.start()
            self.stage.keeper.programs.append(previous)
            self.injector.victims.workers.append(previous)
            self.injector.broken.counts["previous_release_beside"] += 1
        elif previous.kept and share > PREVIOUS_UNTIL:
            previous.kept = False
            previous.signal(15)

    def _tell(self, passed: float) -> None:
        calls = sum(len(sandbox.calls) for sandbox in self.stage.sandboxes)
        kills, posts = len(self.injector.broken.kills), len(self.client.ledger.sent)
        say(
            f"  {passed / 60:.0f} min: {self.faults():,} faults, {kills:,} kills, "
            f"{posts:,} posts, {calls:,} calls, backlog {self.watch.backlog}"
        )

    def _settle(self) -> None:
        """Stop everything that disturbs, and wait until nothing is left to do."""
        self.operators.complete()
        for sandbox in self.stage.sandboxes:
            sandbox.clear()
        self.people.stop()
        self.operators.tend()
        self.client.stop()
        begun, quiet, tended = time.monotonic(), 0, time.monotonic()
        while time.monotonic() - begun < SETTLE_S and quiet < 4:
            samples = self.watch.samples
            time.sleep(1.0)
            fresh = self.watch.samples > samples
            quiet = quiet + 1 if fresh and self.watch.at_rest else 0
            if quiet == 1:
                self.operators.complete()  # by now there surely is what a deed was missing
            if self.watch.work and time.monotonic() - tended > TEND_EVERY_S:
                self.operators.tend()
                tended = time.monotonic()
        left = ", ".join(f"{count} {kind}" for kind, count in self.watch.work.items())
        took_s = time.monotonic() - begun
        say(f"  settled after {took_s:.0f} s, {self.watch.backlog} unfinished {left}".rstrip())
        self.watch.stop()
        self.drain.stop()


def run(combination: Combination, options: Options) -> int:
    """Run one combination; keeps its folder and tells it when a promise broke."""
    say(f"\n{combination}, seed {options.seed}")
    with ExitStack() as stack:
        stage = Stage(combination, options, stack)
        stage.start()
        code = Run(stage, options).go()
        stage.keep = bool(code)
    return code
