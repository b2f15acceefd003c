from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.simulate.render import render_frames
from vision.simulate.scenario import Scenario
from vision.simulate.tones import TONE_RGB, contrast_gain, luma_of

Still = Callable[..., Scenario]
LUMAS = st.floats(20, 240)


@given(luma=LUMAS, other=LUMAS, third=LUMAS, noise_sd=st.floats(0, 5))
def test_gains_chain_and_a_tone_is_as_itself(luma: float, other: float, third: float, noise_sd: float) -> None:
    assert contrast_gain(luma, luma, noise_sd) == pytest.approx(1)
    chained = contrast_gain(luma, other, noise_sd) * contrast_gain(other, third, noise_sd)
    assert chained == pytest.approx(contrast_gain(luma, third, noise_sd))


def test_tones_are_ordered_by_brightness() -> None:
    lumas = [luma_of(TONE_RGB[tone]) for tone in ("light", "medium", "brown", "dark", "very-dark")]
    assert np.all(np.diff(lumas) < -15)


def contrast_to_noise(scenario: Scenario, place: tuple[int, int]) -> tuple[float, float]:
    """Brightness, and gradients of the mean picture over the noise between frames, around a place."""
    x, y = place
    frames = [
        cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[y - 24 : y + 25, x - 24 : x + 25] for _, rgb in render_frames(scenario)
    ]
    stack = np.stack(frames).astype(np.float32)
    mean, noise = stack.mean(0), stack.std(0, ddof=1).mean()
    return float(mean.mean()), float((cv2.Sobel(mean, cv2.CV_32F, 1, 0) / 8).std() / noise)


@pytest.mark.parametrize(("name", "place", "within"), [("skin-rest", (160, 180), 0.05), ("rest", (90, 195), 0.15)])
def test_contrast_to_noise_can_be_made_equal(name: str, place: tuple[int, int], within: float, still: Still) -> None:
    found = {
        tone: contrast_to_noise(still(name, tone=tone, contrast_as="medium", noise_sd=1.0, duration_s=0.5), place)
        for tone in TONE_RGB
    }
    brightness = [found[tone][0] for tone in ("light", "medium", "brown", "dark", "very-dark")]
    assert np.all(np.diff(brightness) < -10)
    ratios = np.array([ratio for _, ratio in found.values()])
    assert ratios == pytest.approx(np.full(len(ratios), found["medium"][1]), rel=within)


def test_left_alone_dark_skin_has_less_contrast(still: Still) -> None:
    light, dark = (
        contrast_to_noise(still("skin-rest", tone=tone, noise_sd=1.0, duration_s=0.5), (160, 180))[1]
        for tone in ("light", "very-dark")
    )
    assert dark < 0.6 * light


def test_a_grey_face_has_no_colour(still: Still) -> None:
    rgb = next(iter(render_frames(still("rest", tone="grey", duration_s=0.03))))[1]
    cheek = rgb[185:205, 80:100].astype(int)
    assert np.abs(cheek - cheek.mean(2, keepdims=True)).max() <= 2
