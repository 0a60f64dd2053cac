"""English days as Great Britain writes them: the day first, and Monday begins the week."""

from django.conf.locale.en_GB.formats import *  # type: ignore[import-untyped]  # noqa: F403 - found by name
