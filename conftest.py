"""Gives `pytest` in this project the harness's options, fixtures and records."""

from __future__ import annotations

import pytest

pytest_plugins = ["harness.plugin"]


@pytest.fixture
def stand_in_hub(keep, tmp_path_factory, monkeypatch):
    """`stand_in_hub(*repositories)`: a hub cache of stand-ins (random weights) for them.

    Libraries read it for this behaviour only; it is laid out once a cell.
    """
    from transformers.utils import hub

    from harness.subjects import standins

    def lay_out(*repositories):
        def make():
            place = tmp_path_factory.mktemp("hub")
            standins.lay_out(place, repositories)
            return place

        place = keep(f"hub of {repositories}", make)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(place / "hub"))
        if hasattr(hub, "TRANSFORMERS_CACHE"):  # transformers 4 reads its own copy of it
            monkeypatch.setattr(hub, "TRANSFORMERS_CACHE", str(place / "hub"))
        return place

    return lay_out
