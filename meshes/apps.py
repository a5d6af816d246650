"""Registers the meshes room with Django."""

from django.apps import AppConfig


class MeshesConfig(AppConfig):
    """The meshes room."""

    name = "meshes"
    verbose_name = "Workspaces and access"
