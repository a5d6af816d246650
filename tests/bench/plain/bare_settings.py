"""The same project without any middleware: as little as a Django answer can be."""

from tests.bench.plain.settings import *  # noqa: F403

MIDDLEWARE = []
