"""Registers the deliveries room with Django."""

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    """The deliveries room."""

    name = "deliveries"
