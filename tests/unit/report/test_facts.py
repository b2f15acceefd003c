"""What a file tells of itself, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.model.clip import ClipInfo
from vision.report.facts import (
    GOOD_DURATION_S,
    GOOD_RATE_HZ,
    SHORTEST_S,
    SLOW_MOTION_RATIO,
    clip_facts,
    file_advice,
    is_perhaps_a_copy,
)
from vision.settings import QualitySettings, VideoSettings

GOOD = ClipInfo(
    "ab" * 32, "mp4", "h264", "yuv420p", 1080, 1920, 5400, 90.0, 60.0, None, 90, bit_rate_bps=25_000_000, span_s=90.0,
    typical_rate_hz=60.0, dropped_count=0, longest_gap_s=1 / 60, keyframe_interval_s=1.0, is_phone_original=True,
)  # fmt: skip
maybe = st.none() | st.floats(1e-3, 1e6)


@given(maybe, maybe, st.none() | st.integers(0, 10**6), maybe, maybe)
def test_whatever_is_known_can_be_said(
    span_s: float | None, rate_hz: float | None, dropped: int | None, gap_s: float | None, capture_hz: float | None
) -> None:
    info = replace(GOOD, span_s=span_s, duration_s=span_s, typical_rate_hz=rate_hz, mean_rate_hz=rate_hz)
    info = replace(info, dropped_count=dropped, longest_gap_s=gap_s, capture_rate_hz=capture_hz)
    for line in [*(value for _, value in clip_facts(info)), *file_advice(info)]:
        assert line.isprintable()
        assert "None" not in line
        assert "nan" not in line


def test_a_good_clip_gets_no_advice() -> None:
    assert file_advice(GOOD) == []
    assert dict(clip_facts(GOOD))["Origin"].startswith("straight from a phone")


ODD: dict[str, tuple[dict[str, Any], str, str]] = {
    "rate": ({"typical_rate_hz": 24.0, "mean_rate_hz": 24.0}, "24 frames a second: film at 60", "24.00 frames"),
    "short": ({"span_s": 12.0, "duration_s": 12.0}, "It lasts 12 s", "12.0 s"),
    "drops": ({"dropped_count": 400, "longest_gap_s": 0.4}, "7 % of the frames are missing", "400, the longest gap"),
    "copy": ({"is_phone_original": False, "bit_rate_bps": 1_500_000}, "messaging app", "messaging app"),
    "small": ({"width_px": 320, "height_px": 240}, "picture is small", "320 × 240"),
    "interlaced": ({"is_interlaced": True}, "interlaced", "interlaced"),
    "slowed": ({"has_slowed_part": True}, "slowed down", "slowed down"),
    "damaged": ({"is_complete": False}, "damaged", "no: damaged"),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_what_is_wrong_is_said_once_as_fact_and_once_as_advice(what: str) -> None:
    changes, advice, fact = ODD[what]
    info = replace(GOOD, **changes)
    assert sum(advice in line for line in file_advice(info)) == 1
    assert any(fact in value for _, value in clip_facts(info))


@pytest.mark.parametrize(
    ("changes", "word", "value"),
    [
        (
            {"capture_rate_hz": 240.0, "typical_rate_hz": 30.0},
            "Slow motion",
            "filmed at 240 a second, plays at 30.0: 8.0 times slower",
        ),
        ({"transfer": "hlg", "is_dolby_vision": True}, "Picture", "HDR (HLG), Dolby Vision, limited range"),
        ({"is_pixel_square": False, "is_full_range": True}, "Picture", "full range, pixels not square, made so"),
        ({"is_all_intra": True}, "Keyframes", "every frame"),
        ({"mean_rate_hz": 48.0}, "Frame rate", "48.00 frames a second on average, usually 60.00"),
        ({"stream_count": 3}, "Container", "mp4, 3 streams"),
        ({"is_mirrored_by_matrix": True}, "Turned by the player", "90° and mirrored"),
    ],
)
def test_what_a_film_is(changes: dict[str, Any], word: str, value: str) -> None:
    assert dict(clip_facts(replace(GOOD, **changes)))[word].startswith(value)


def test_a_copy_needs_both_few_bits_and_no_marks() -> None:
    few = replace(GOOD, bit_rate_bps=1_500_000)
    assert not is_perhaps_a_copy(few)
    assert is_perhaps_a_copy(replace(few, is_phone_original=False))
    assert not is_perhaps_a_copy(replace(GOOD, is_phone_original=False))
    assert not is_perhaps_a_copy(replace(few, is_phone_original=False, is_simulated=True))


def test_slow_motion_is_advised_on_as_life_was() -> None:
    slow = replace(GOOD, capture_rate_hz=240.0, typical_rate_hz=30.0, mean_rate_hz=30.0, span_s=640.0)
    assert file_advice(slow) == []
    assert any("0.50 s, too short" in line for line in file_advice(replace(slow, span_s=4.0)))


def test_advice_and_warnings_agree() -> None:
    assert VideoSettings().shortest_clip_s == SHORTEST_S
    assert VideoSettings().slow_motion_ratio == SLOW_MOTION_RATIO
    assert QualitySettings().good_rate_hz == GOOD_RATE_HZ
    assert QualitySettings().good_duration_s == GOOD_DURATION_S
