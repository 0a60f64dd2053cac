"""The web server's way in."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from governance.formats import without_empty_catalogues

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
application = get_wsgi_application()

without_empty_catalogues(settings.LANGUAGE_CODE)

# What is loaded by now stays until the end: Python need not walk through it again and again in search of garbage. What
# a page leaves behind goes while it is still at hand: gathered over sixty pages it cost one of them 0.1 s, and more in
# all.
get_resolver().url_patterns  # noqa: B018 - loads every view before
gc.collect()
gc.freeze()
gc.set_threshold(5_000, 20, 20)
