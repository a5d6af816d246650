"""The command line of the suite."""

import pytest

from tests.faults import options
from tests.faults.combinations import ALL, SOAKED


def test_the_short_form_runs_every_combination_and_draws_a_seed():
    asked = options.read([])

    assert asked.combinations == ALL
    assert asked.seed.isdigit()
    assert asked.most_faults == 0


def test_a_soak_runs_both_databases_until_enough_faults():
    asked = options.read(["--soak", "--minutes", "30", "--seed", "x"])

    assert asked.combinations == SOAKED
    assert {combination.database for combination in SOAKED} == {"sqlite", "postgresql"}
    assert [asked.seconds, asked.most_faults, asked.seed] == [1800.0, 5000, "x"]


@pytest.mark.parametrize("words", [["--only", "oracle-redis"], ["--soak", "--minutes", "121"]])
def test_what_makes_no_sense_is_refused(words, capsys):
    with pytest.raises(SystemExit) as refusal:
        options.read(words)

    assert refusal.value.code == 2
    assert "error:" in capsys.readouterr().err
