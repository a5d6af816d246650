"""Values of environment variables that cannot be read."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from meshes.environment import Environment


@pytest.mark.parametrize(("value", "meaning"), [("true", True), ("0", False), ("", False)])
def test_a_switch_is_true_or_false(monkeypatch, value, meaning):
    monkeypatch.setenv("A_SWITCH", value)

    assert Environment().bool("A_SWITCH", False) is meaning


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("bool", "A_VALUE must be true or false."),
        ("int", "A_VALUE must be a whole number."),
        ("float", "A_VALUE must be a number."),
    ],
)
def test_a_misspelled_value_is_named_and_not_repeated(monkeypatch, kind, sentence):
    monkeypatch.setenv("A_VALUE", "nope")

    with pytest.raises(ImproperlyConfigured) as refused:
        getattr(Environment(), kind)("A_VALUE", 1)

    assert str(refused.value) == sentence


@pytest.mark.parametrize(("value", "number"), [("1e3", 1000.0), (" 2.5 ", 2.5), ("7", 7.0)])
def test_a_number_means_what_is_written(monkeypatch, value, number):
    monkeypatch.setenv("A_VALUE", value)

    assert Environment().float("A_VALUE", 1.0) == number


@pytest.mark.parametrize("value", ["1/2", "5 a second", "10,000", "inf", "nan", ""])
def test_what_is_no_number_is_not_made_one(monkeypatch, value):
    monkeypatch.setenv("A_VALUE", value)

    with pytest.raises(ImproperlyConfigured, match=r"^A_VALUE must be a number\.$"):
        Environment().float("A_VALUE", 1.0)


def test_a_file_gives_its_value_without_the_line_break_at_its_end(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("postgres://localhost/meshes\n")
    monkeypatch.setenv("A_VALUE_FILE", str(tmp_path / "url"))
    env = Environment()

    assert env.str("A_VALUE") == "postgres://localhost/meshes"
    assert env.str("A_VALUE") == "postgres://localhost/meshes"


def test_a_file_that_cannot_be_read_is_named_by_its_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("A_VALUE_FILE", str(tmp_path / "missing"))

    with pytest.raises(ImproperlyConfigured) as refused:
        Environment().str("A_VALUE", "")

    assert "A_VALUE_FILE names a file that cannot be read (FileNotFoundError)" in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_a_variable_that_is_not_set_has_its_default(monkeypatch):
    monkeypatch.delenv("A_VALUE", raising=False)

    assert Environment().int("A_VALUE", 7) == 7
