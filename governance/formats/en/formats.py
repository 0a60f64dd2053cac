"""English days as Great Britain writes them: the day first, and Monday begins the week."""

from django.conf.locale.en_GB.formats import *  # noqa: F403 - Django looks for them by name
