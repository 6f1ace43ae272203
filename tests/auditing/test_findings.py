"""Findings: a tail of probability, against SciPy's."""

from __future__ import annotations

import pytest
from scipy import stats

from onebit.auditing.findings import _poisson_tail


@pytest.mark.parametrize("expected", [0.01, 1, 5, 700, 1000, 20_000])
def test_the_tail_of_poissons_distribution_is_scipys(expected: float) -> None:
    for count in (0, 1, 3, int(expected), int(expected + 3 * expected**0.5), int(2 * expected) + 1):
        assert _poisson_tail(count, expected) == pytest.approx(
            stats.poisson.sf(count - 1, expected), rel=1e-8, abs=1e-300
        )
