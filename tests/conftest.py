"""What all tests share: the plugin, and how Hypothesis searches."""

import os

from minigrad.testing import plugin


def pytest_addoption(parser, pluginmanager):
    """Where minigrad is installed, pytest has loaded the plugin already."""
    if not pluginmanager.has_plugin("minigrad"):
        pluginmanager.register(plugin, "minigrad")


def pytest_configure(config):
    """Without a choice on the command line: derandomised in CI, random elsewhere."""
    if not config.getoption("minigrad_profile") and not config.getoption("--hypothesis-profile", default=None):
        plugin.load_profile("ci" if os.environ.get("CI") else "dev")
