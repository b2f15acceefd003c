"""Numbers as people read them: no exponents, no false digits, and "not measured" where there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOT_MEASURED = "not measured"
WHOLE_FROM = 3.0  # from here on a sentence says whole numbers: "about 5 a second"; our choice


def significant(value: float, digits: int = 2) -> str:
    """Write `value` with `digits` significant digits; digits before the point are all kept."""
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}"
    return text if float(text) != 0 else "0"


def whole(value: float) -> str:
    """Write `value` for a sentence: "29", "5", but "2.4" where a whole number would say too little."""
    if abs(value) >= WHOLE_FROM:
        return f"{value:.0f}"
    return f"{value:.1f}".removesuffix(".0")


def measured(value: float | None, unit: str, digits: int = 2) -> str:
    """Write a figure with its unit, or say that there is none."""
    if value is None:
        return NOT_MEASURED
    return f"{significant(value, digits)} {unit}".rstrip()


def probability(value: float) -> str:
    """Write a probability; a model is never so sure that 0 % or 100 % would be true."""
    if value < 0.01:
        return "less than 1 %"
    if value > 0.99:
        return "more than 99 %"
    return f"{100 * value:.0f} %"


def share(value: float) -> str:
    """Write a counted share, which may well be 0 % or 100 %."""
    if 0 < value < 0.01:
        return "less than 1 %"
    if 0.99 < value < 1:
        return "more than 99 %"
    return f"{100 * value:.0f} %"


def p_value(value: float) -> str:
    """Write a p value; surrogate tests of some hundred draws carry no more than three decimals."""
    return "p < 0.001" if value < 0.001 else f"p = {significant(value, 2)}"


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Say "1 twitch", "2 twitches"."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def listing(items: Sequence[str]) -> str:
    """Join as in speech: "a, b and c"."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last
