"""What all tests share: how Hypothesis searches."""

import os

from hypothesis import settings

# No deadline anywhere: the first call of a kernel compiles it, which says nothing about how long an example takes.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
