"""Registers the connections room with Django."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    """The connections room."""

    name = "connections"
