"""Lets Python sleep under libfaketime, which refuses sleeps until a moment of the steady clock.

Seen with libfaketime 0.9.10 and FAKETIME_DONT_FAKE_MONOTONIC: `time.sleep` raises EINVAL.
"""

import select
import time
from typing import Any


def _sleep(seconds: Any) -> None:
    select.select((), (), (), seconds)


time.sleep = _sleep
