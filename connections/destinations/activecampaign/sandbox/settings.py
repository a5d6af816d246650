"""The settings of one account of the sandbox, changeable while it runs.

Every change is checked here, so that the command line and the control pages refuse alike.
"""

import dataclasses
import math
from dataclasses import dataclass

LIMITERS = ("window", "bucket")
WRONG_KEY_ANSWERS = ("empty", "json", "login_page")


@dataclass(frozen=True)
class Settings:
    """How the account paces, answers and works.

    Units: *_s in seconds; rate_per_second None means no limit.
    Source: reference sections 1.1 (wrong key), 8.2 (import delay), 12 (rate).
    """

    rate_per_second: float | None = 5.0
    limiter: str = "window"
    latency_s: float = 0.0
    import_delay_s: float = 3.0
    automation_run_s: float = 60.0
    wrong_key: str = "empty"

    def __post_init__(self) -> None:
        if self.rate_per_second is not None:
            _check_number("rate_per_second", self.rate_per_second, smallest=0.01)
        for name in ("latency_s", "import_delay_s", "automation_run_s"):
            _check_number(name, getattr(self, name), smallest=0.0)
        _check_choice("limiter", self.limiter, LIMITERS)
        _check_choice("wrong_key", self.wrong_key, WRONG_KEY_ANSWERS)

    def changed(self, **values: object) -> "Settings":
        """These settings with some values replaced.

        Raises: ValueError with a sentence for an unknown name or a bad value.
        """
        known = {item.name for item in dataclasses.fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"There is no setting named {unknown[0]}. Use one of: {', '.join(sorted(known))}."
            )
        return dataclasses.replace(self, **values)  # type: ignore[arg-type]


def _check_number(name: str, value: object, *, smallest: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < smallest:  # type: ignore[arg-type, operator]
        raise ValueError(f"{name} must be a number of at least {smallest:g}.")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of: {', '.join(choices)}.")
