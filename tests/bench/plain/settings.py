"""A project with the middleware that `startproject` gives, on the measurement's database.

Why: database and queue are set up as ours are, so that only the handlers differ.
"""

from meshes.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.plain.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
