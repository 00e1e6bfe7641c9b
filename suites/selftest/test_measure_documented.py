"""What is still about a documented number, by hand."""

from __future__ import annotations

import pytest

from harness.measure.documented import about


@pytest.mark.parametrize(("documented", "observed"), [(4, 4.5), (4, 3.5), (8, 9), (20, 23)])
def test_within_15_percent_is_about(documented, observed):
    assert about(documented, observed)


@pytest.mark.parametrize(("documented", "observed"), [(4, 4.7), (8, 10), (100, 84), (7, 0)])
def test_beyond_15_percent_is_not(documented, observed):
    assert not about(documented, observed)
