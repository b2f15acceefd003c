import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.report import charts, figures
from vision.report.figures import Mark


def per_cents(svg):
    return [float(value) for value in re.findall(r'(?:x|x1|x2|width)="(-?[\d.]+)%"', svg)]


@settings(deadline=None)
@given(
    st.floats(0.5, 2000),
    st.lists(st.tuples(st.floats(-5, 3000), st.floats(0, 1), st.floats(0, 1)), max_size=20),
)
def test_a_lane_is_well_formed_and_stays_in_its_frame(duration_s, times):
    marks = [Mark(onset_s, onset_s + rise, onset_s + rise + fall, "<&>") for onset_s, rise, fall in times]
    svg = figures.lane(marks, [(0.0, 0.2)], duration_s, kind="event", alt="\"<'>")
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == "\"<'>"
    for rect in root.iter("rect"):
        left, width = (float(rect.get(name).rstrip("%")) for name in ("x", "width"))
        assert 0 <= left <= 100.001
        assert 0 <= width <= 100.001


def numbers_of(svg, names):
    found = [one for one in ElementTree.fromstring(svg).iter("text") if one.get("class") in names]
    return sorted((float(one.get("x").rstrip("%")) / 100, one.text) for one in found)


@settings(deadline=None)
@given(st.lists(st.floats(0, 60), max_size=80, unique=True), st.integers(1, 4000))
def test_numbers_never_overlap_and_each_is_that_of_its_twitch(peaks_s, first):
    marks = [Mark(at_s, at_s, at_s + 0.2, "a", first + k) for k, at_s in enumerate(sorted(peaks_s))]
    svg = figures.lane(marks, [], 60.0, kind="event", alt="a")
    names = list(figures.LANE_WIDTHS_PX)
    for shown, width_px in ((names[:1], figures.LANE_WIDTHS_PX[names[0]]), (names, figures.LANE_WIDTHS_PX[names[1]])):
        found = numbers_of(svg, shown)
        assert bool(found) == bool(marks)
        for (share, text), (other, after) in pairwise(found):
            letters_px = figures.DIGIT_PX * (len(text) + len(after)) / 2
            assert (other - share) * width_px >= letters_px + figures.NUMBER_GAP_PX - 0.05
    peak_of = {str(mark.event): mark.peak_s / 60 for mark in marks}
    assert all(abs(share - peak_of[text]) < 1e-4 for share, text in numbers_of(svg, names))


def test_a_wide_page_has_room_for_more_numbers_and_no_number_makes_no_room():
    marks = [Mark(k, k, k + 0.2, "a", k + 1) for k in range(60)]
    svg = figures.lane(marks, [], 60.0, kind="event", alt="a")
    assert len(numbers_of(svg, ["number"])) < len(numbers_of(svg, ["number", "number wide"])) <= 60
    bare = figures.lane([Mark(1.0, 1.0, 1.2, "a")], [], 60.0, kind="other", alt="a")
    assert ElementTree.fromstring(bare).get("height") == str(figures.LANE_HEIGHT_PX)
    assert numbers_of(bare, ["number", "number wide"]) == []


@given(st.floats(0.1, 3600))
def test_ticks_are_few_and_within(duration_s):
    ticks = figures.time_ticks(duration_s)
    assert 1 <= len(ticks) <= figures.MOST_TICKS + 1
    assert ticks[0] == 0
    assert ticks[-1] <= duration_s * (1 + 1e-6)


@given(st.lists(st.floats(0.001, 900), min_size=1, max_size=60))
def test_the_histogram_counts_every_interval(intervals_s):
    root = ElementTree.fromstring(charts.interval_histogram(np.array(intervals_s), alt="a"))
    counts = [int(text.text) for text in root.iter("text") if text.text.isdigit()]
    assert sum(counts) == len(intervals_s)
    assert max(per_cents(ElementTree.tostring(root, encoding="unicode")), default=0) <= 100.01


def test_a_trace_keeps_its_peak_and_its_gap_however_long():
    time_s = np.arange(20_000) / 60
    value_px = 0.01 * np.sin(time_s * 50)
    value_px[7_777] = 3.0
    value_px[12_000:12_300] = np.nan
    svg = figures.trace(time_s, value_px, [], 334.0, alt="a")
    root = ElementTree.fromstring(svg)
    path = next(root.iter("path")).get("d")
    assert path.count("M") == 2
    heights = [float(pair.split()[1]) for pair in re.split("[ML]", path)[1:]]
    assert min(heights) == pytest.approx(8.0)
    assert len(heights) < 2.2 * figures.TRACE_COLUMNS


def test_a_trace_of_nothing_is_none_and_of_zeros_is_flat():
    time_s = np.arange(30) / 30
    assert figures.trace(time_s, np.full(30, np.nan), [], 1.0, alt="a") is None
    assert figures.trace(time_s, np.zeros(30), [], 1.0, alt="a") is not None


def test_a_share_bar_is_as_wide_as_its_share():
    assert 25.0 in per_cents(figures.share_bar(0.25))
