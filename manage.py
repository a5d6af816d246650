#!/usr/bin/env python
"""Run the project's commands: `python manage.py help` lists them."""

import os
import sys

MINIMUM = (3, 11)
NEEDS_NO_SETTINGS_OF_YOURS = ("demo", "sandbox")


def main() -> None:
    """Hand the command line to Django with this project's settings."""
    if sys.version_info < MINIMUM:
        sys.exit("Meshes needs Python 3.11 or newer. Install it and run the command again.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "meshes.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.exit(
            f"The Python module {error.name} is missing. Run `make demo` or `make install`, "
            "which install what Meshes needs, and use .venv/bin/python."
        )
    if sys.argv[1:2] and sys.argv[1] in NEEDS_NO_SETTINGS_OF_YOURS:
        from meshes.demo.environment import prepare

        prepare()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Meshes cannot start: {error}")


if __name__ == "__main__":
    main()
