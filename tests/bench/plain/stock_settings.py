"""The same project on the database backends that come with Django, as a team has them."""

from tests.bench.plain.settings import *  # noqa: F403
from tests.bench.plain.settings import DATABASES

OURS = {
    "meshes.sqlite": "django.db.backends.sqlite3",
    "meshes.postgresql": "django.db.backends.postgresql",
}

DATABASES["default"]["ENGINE"] = OURS[DATABASES["default"]["ENGINE"]]
