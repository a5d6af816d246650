"""The project's settings with short waits between retries, so that two minutes are enough."""

from meshes.settings import *  # noqa: F403

RETRY_SCHEDULE_S = (1, 2, 4, 8, 8, 8)
RETRY_THEN_EVERY_S = 8
