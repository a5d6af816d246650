"""Registers the rules room with Django."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """The rules room."""

    name = "rules"
