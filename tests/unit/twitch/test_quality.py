"""How far a clip can be trusted, and what to do better."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import SCALE_PX, face, film, limb
from vision.model.clip import ClipInfo
from vision.model.events import EventSet, RegionObservation
from vision.model.result import Quality
from vision.model.signals import MotionSignals
from vision.settings import QualitySettings
from vision.twitch.quality import (
    LEFT_IN_A_COPY,
    LEFT_IN_A_FILM,
    PROBLEMS,
    frozen_share,
    judge_quality,
    left_by_the_encoder,
)

SETTINGS = QualitySettings()
INFO = ClipInfo("ab" * 32, "mp4", "h264", "yuv420p", 540, 960, 3600, 60.0, 60.0, False, 0)
SIGNALS = film(duration_s=2)
LIMITS_PX = {0: 0.2, 1: 0.5}


def watched(observed_s: float = 59.0, left_s: float = 59.0, frame_interval_s: float = 1 / 60) -> EventSet:
    observed = (RegionObservation("cheek", "right", observed_s), RegionObservation("cheek", "left", left_s))
    return EventSet((), (), (), (), observed, observed_s, ((0.0, observed_s),), frame_interval_s, 0.1)


def judged(**changes: Any) -> Quality:
    signals: MotionSignals = changes.pop("signals", replace(SIGNALS, scale_px=213.0))
    given: dict[str, Any] = {
        "info": INFO, "problems": (), "regions": face(signals), "signals": signals, "events": watched(),
        "limits_px": LIMITS_PX, "mm_per_px": None, "settings": SETTINGS,
    }  # fmt: skip
    return judge_quality(**{**given, **changes})


def codes(quality: Quality) -> list[str]:
    return [warning.code for warning in quality.warnings]


def test_a_good_clip_has_no_warning() -> None:
    quality = judged()
    assert quality.usable
    assert codes(quality) == []
    assert quality.observed_s == 59.0


def test_the_limit_is_that_of_the_worst_region_in_three_units() -> None:
    quality = judged(mm_per_px=0.1)
    assert quality.limit_of_detection_px == pytest.approx(0.5 / LEFT_IN_A_FILM)
    assert quality.limit_of_detection_iod == pytest.approx(0.5 / LEFT_IN_A_FILM / 213)
    assert quality.limit_of_detection_mm == pytest.approx(0.05 / LEFT_IN_A_FILM)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.sampled_from(["h264", "hevc", "mpeg4"]))
def test_the_fewer_bits_a_film_has_the_less_of_a_twitch_is_left(one_bps: int, other_bps: int, codec: str) -> None:
    few, many = (
        left_by_the_encoder(replace(INFO, codec=codec, bit_rate_bps=rate)) for rate in sorted([one_bps, other_bps])
    )
    assert LEFT_IN_A_COPY <= few <= many <= LEFT_IN_A_FILM


def test_a_copy_shows_only_larger_twitches_than_a_film() -> None:
    pixels_a_second = INFO.width_px * INFO.height_px * 60
    copied, filmed = (judged(info=replace(INFO, bit_rate_bps=round(bits * pixels_a_second))) for bits in (0.02, 0.2))
    assert copied.limit_of_detection_px == pytest.approx(0.5 / LEFT_IN_A_COPY)
    assert filmed.limit_of_detection_px == pytest.approx(0.5 / LEFT_IN_A_FILM)


def test_every_watched_region_says_its_own_limit() -> None:
    right, left = judged(mm_per_px=0.1).region_limits
    assert (right.name, right.side) == ("cheek", "right")
    assert right.limit_of_detection_px == pytest.approx(0.2 / LEFT_IN_A_FILM)
    assert left.limit_of_detection_iod == pytest.approx(0.5 / LEFT_IN_A_FILM / 213)
    assert left.limit_of_detection_mm == pytest.approx(0.05 / LEFT_IN_A_FILM)
    assert [one.side for one in judged(events=watched(left_s=3.0)).region_limits] == ["right"]
    assert judged(limits_px={}).region_limits == ()


def test_what_is_not_known_is_none() -> None:
    quality = judged(signals=replace(SIGNALS, scale_px=None))
    assert quality.limit_of_detection_mm is None
    assert quality.limit_of_detection_iod is None
    assert judged(limits_px={}).limit_of_detection_px is None
    assert judged(events=watched(0.0, 0.0)).limit_of_detection_px is None


def test_a_region_that_was_hardly_seen_does_not_set_the_limit() -> None:
    assert judged(events=watched(left_s=3.0)).limit_of_detection_px == pytest.approx(0.2 / LEFT_IN_A_FILM)


def test_too_little_watched_is_not_usable() -> None:
    assert not judged(events=watched(9.0, 9.0)).usable


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"events": watched(frame_interval_s=1 / 30)}, "low-frame-rate"),
        ({"info": replace(INFO, duration_s=24.0)}, "short"),
        ({"info": replace(INFO, is_complete=False)}, "incomplete"),
        ({"signals": SIGNALS}, "small-face"),
        ({"problems": ("truncated", "truncated")}, "truncated"),
    ],
)
def test_each_shortcoming_has_its_warning(changes: dict[str, Any], code: str) -> None:
    assert SETTINGS.small_face_iod_px > SCALE_PX
    quality = judged(**changes)
    assert codes(quality) == [code]
    assert quality.warnings[0].message
    assert quality.warnings[0].advice


def test_warnings_of_the_locator_are_told() -> None:
    regions = face(SIGNALS, warnings=("several-faces", "unheard-of"))
    assert "several-faces" in codes(judged(regions=regions))
    assert all(message.endswith(".") and advice.endswith(".") for message, advice in PROBLEMS.values())


def pictured(**changes: Any) -> list[str]:
    signals = replace(SIGNALS, scale_px=213.0, **changes)
    return codes(judged(signals=signals))


def test_what_the_picture_itself_shows() -> None:
    frames = len(SIGNALS.time_s)
    shaky = SIGNALS.camera.copy()
    shaky[:, 0, 2] += 12.0 * (np.arange(frames) % 2)
    frozen = np.repeat(SIGNALS.displacement_px[::2], 2, axis=0)
    assert pictured(camera=shaky) == ["shaky"]
    assert pictured(displacement_px=frozen) == ["heavy-compression"]
    assert pictured(luma_gain=1 + 0.1 * np.sin(np.arange(frames))) == ["flicker"]
    dark = face(SIGNALS, skin_rgb=np.full((frames, 2, 3), 20.0))
    assert codes(judged(regions=dark)) == ["dim"]
    unknown = face(SIGNALS, skin_rgb=np.full((frames, 2, 3), np.nan))
    assert codes(judged(regions=unknown)) == []


def test_a_limb_is_never_a_small_face() -> None:
    signals = replace(SIGNALS, scale_px=None)
    assert codes(judged(signals=signals, regions=limb(signals))) == []


def test_frozen_share_counts_only_what_was_seen() -> None:
    assert frozen_share(SIGNALS) < 0.02
    gone = film(duration_s=2, gap=np.ones(60, bool))
    assert frozen_share(gone) == 0.0
    half = np.repeat(SIGNALS.displacement_px[::2], 2, axis=0)
    assert frozen_share(replace(SIGNALS, displacement_px=half)) == pytest.approx(0.5, abs=0.05)
