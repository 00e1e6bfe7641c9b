"""Gives `pytest` in this project the harness's options, fixtures and records."""

pytest_plugins = ["harness.plugin"]
