"""Registers the deliveries room with Django."""

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    """The deliveries room."""

    name = "deliveries"

    def ready(self) -> None:
        """Let the pages of connections know what is held over them."""
        from connections.waiting import tell_with
        from deliveries.held_counts import held_over

        tell_with(held_over)
