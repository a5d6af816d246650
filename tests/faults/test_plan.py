"""The deck of faults and the weather, the same for the same seed."""

import random
from collections import Counter
from itertools import islice

from connections.destinations.activecampaign.sandbox.faults import Faults
from tests.faults import plan
from tests.faults.injecting import Injector

EVERYTHING = plan.deck(postgres=True, redis=True, clock=True)


def test_one_deal_holds_every_kind_as_often_as_its_weight():
    total = sum(EVERYTHING.values())

    dealt = islice(plan.planned(EVERYTHING, every_s=2.0, dice=random.Random(1)), total)

    assert Counter(fault.kind for fault in dealt) == EVERYTHING


def test_faults_come_on_average_as_often_as_asked():
    faults = list(islice(plan.planned(EVERYTHING, every_s=2.0, dice=random.Random(1)), 1000))

    assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)
    assert 1900 < faults[-1].at_s < 2100


def test_the_same_seed_gives_the_same_plan_and_another_one_another():
    def first(seed):
        return list(islice(plan.planned(EVERYTHING, every_s=2.0, dice=random.Random(seed)), 50))

    assert first("7") == first("7")
    assert first("7") != first("8")


def test_what_a_run_does_not_have_is_not_planned():
    without = plan.deck(postgres=False, redis=False, clock=False)

    assert without.keys() == plan.KILLS.keys() | plan.RESTARTS.keys()


def test_every_planned_kind_can_be_injected():
    assert [kind for kind in EVERYTHING if not hasattr(Injector, f"_{kind}")] == []


def test_every_kind_of_weather_is_a_switch_of_the_sandbox_and_comes_before_any_again():
    faults = Faults()

    dealt = list(islice(plan.weather(random.Random(1)), len(plan.WEATHER)))

    assert sorted(map(str, dealt)) == sorted(str((n, dict(o))) for n, o in plan.WEATHER)
    for name, options in dealt:
        faults.set(name, **options)
