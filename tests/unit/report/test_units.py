import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.report import units


@given(st.floats(1e-6, 1e6))
def test_two_significant_digits_are_within_five_per_cent(value):
    text = units.significant(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=0.0501)


@given(st.floats(0, 1))
def test_a_probability_is_never_certain(value):
    assert units.probability(value) not in ("0 %", "100 %")


@pytest.mark.parametrize(
    ("value", "said"), [(29.3, "29"), (4.93, "5"), (6.2, "6"), (2.41, "2.4"), (1.0, "1"), (0.0, "0"), (100.4, "100")]
)
def test_whole_says_no_false_digits(value, said):
    assert units.whole(value) == said


def test_none_is_not_zero():
    assert units.measured(None, "Hz") == "not measured"
    assert units.measured(0.0, "Hz") == "0 Hz"


def test_listing_and_counting():
    assert units.listing(["a"]) == "a"
    assert units.listing(["a", "b", "c"]) == "a, b and c"
    assert units.counted(1, "twitch", "twitches") == "1 twitch"
    assert units.counted(0, "twitch", "twitches") == "0 twitches"
    assert units.share(1.0) == "100 %"
    assert units.share(0.999) == "more than 99 %"
    assert units.p_value(0.0002) == "p < 0.001"
