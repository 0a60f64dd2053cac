"""How many examples hypothesis tries: a test's own number by default, ten times that with HYPOTHESIS_PROFILE=long."""

import os

from hypothesis import settings

USUAL = 100
LONG = 10

# How long an example takes says nothing on a machine that does other work as well. CI judges the change at hand: what
# it tries is the same each time, and the long profile goes on looking for what nobody thought of.
settings.register_profile("hub", max_examples=USUAL, deadline=None, derandomize="CI" in os.environ)
settings.register_profile("long", max_examples=USUAL * LONG, deadline=None, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "hub"))


def examples(number: int) -> int:
    """For `settings(max_examples=...)`: what is quick enough for each run, more of it in the long profile."""
    return number * settings().max_examples // USUAL
