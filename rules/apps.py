"""Registers the rules room with Django."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """The rules room."""

    name = "rules"

    def ready(self) -> None:
        """Let every new workspace start with names in its catalogs."""
        from meshes.workspaces import furnish_with
        from rules.seeding import seed_catalogs

        furnish_with(seed_catalogs)
