"""How sure a share is that was counted in a sample, and how large the sample must be."""

from math import ceil, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

Z: Final = NormalDist().inv_cdf(0.975)
"""Standard deviations of a normal distribution that hold 95 % of it."""


class Interval(NamedTuple):
    """From a lower to an upper bound."""

    low: float
    high: float


def wilson(numerator: int, denominator: int) -> Interval | None:
    """Give the 95 % score interval of a share, None of nothing.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if denominator == 0:
        return None
    share, z2 = numerator / denominator, Z * Z
    middle = (share + z2 / (2 * denominator)) / (1 + z2 / denominator)
    half = Z * sqrt(share * (1 - share) / denominator + z2 / (4 * denominator**2)) / (1 + z2 / denominator)
    low = 0.0 if numerator == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if numerator == denominator else min(1.0, middle + half))


def sample_size(population: int, margin: float, expected: float = 0.5) -> int:
    """Tell how many of a finite population show a share within ± `margin` at 95 % confidence.

    `expected` is what the share is thought to be; 0.5 asks for most. Source: W. G. Cochran, "Sampling techniques",
    1977, section 4.4.

    Raises:
        ValueError: `margin` or `expected` is not between 0 and 1.
    """
    if not (0 < margin < 1 and 0 < expected < 1):
        raise ValueError(f"a margin and an expected share lie between 0 and 1: {margin}, {expected}")
    if population <= 0:
        return 0
    unbounded = Z * Z * expected * (1 - expected) / margin**2
    return min(population, ceil(unbounded / (1 + (unbounded - 1) / population)))
