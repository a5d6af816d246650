"""The web server's entry: `gunicorn meshes.wsgi`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

BOOT_FAILED = 3

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "meshes.settings")

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"Meshes cannot start: {error}\n")
    sys.exit(BOOT_FAILED)  # gunicorn's own code for a boot failure: it stops instead of retrying
