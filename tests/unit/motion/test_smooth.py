"""Motion of the whole part goes, motion of a spot stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.motion.smooth import fit_affine, neighbourhoods, polynomial_basis, remove_smooth_motion, tukey_weight

POINT = np.stack(np.meshgrid(np.arange(0, 300, 10.0), np.arange(0, 240, 10.0)), -1).reshape(-1, 2)
BASIS = polynomial_basis(POINT, 2)
ALL = np.ones((1, len(POINT)), bool)
EQUAL = np.ones(len(POINT))


def left_over(displacement: np.ndarray, valid: np.ndarray = ALL) -> np.ndarray:
    return remove_smooth_motion(displacement, np.broadcast_to(valid, displacement.shape[:2]), BASIS, EQUAL)[0]


def spot(amplitude_px: float, sigma_px: float = 16.0) -> np.ndarray:
    share = np.exp(-0.5 * ((POINT - [150, 120]) ** 2).sum(1) / sigma_px**2)
    return (amplitude_px * share[:, None] * np.array([0.6, -0.8]))[None]


def test_the_basis_holds_every_monomial_once() -> None:
    assert BASIS.shape == (len(POINT), 6)
    assert np.linalg.matrix_rank(BASIS) == 6
    assert polynomial_basis(POINT, 3).shape[1] == 10


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=12, max_size=12))
def test_any_quadratic_field_is_removed(coefficients) -> None:
    field = (BASIS @ np.reshape(coefficients, (6, 2)))[None]
    rest, found = remove_smooth_motion(field, ALL, BASIS, EQUAL)
    assert np.abs(rest).max() < 3e-3  # of fields of up to 100 px, in single precision
    np.testing.assert_allclose(BASIS @ found[0], field[0], atol=3e-3)


@pytest.mark.parametrize("amplitude_px", [0.3, 1.0, 5.0, 20.0])
def test_a_twitch_does_not_bend_the_fit(amplitude_px: float) -> None:
    """The footprint covers a twentieth of the points; what is elsewhere stays within 2 % of its height."""
    noise = 0.05 * np.random.default_rng(1).standard_normal((1, len(POINT), 2))
    rest = left_over(spot(amplitude_px) + noise) - left_over(noise)
    far = ((POINT - [150, 120]) ** 2).sum(1) > (3.5 * 16) ** 2
    assert np.abs(rest[0, far]).max() < 0.03 + 0.002 * amplitude_px
    centre = ((POINT - [150, 120]) ** 2).sum(1).argmin()
    np.testing.assert_allclose(rest[0, centre], spot(amplitude_px)[0, centre], atol=0.02 + 0.03 * amplitude_px)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 11), st.integers(0, 1000))
def test_frames_worked_on_together_do_not_lean_on_each_other(cut: int, seed: int) -> None:
    """Accident: cut otherwise, a long film gave motion that differed by a ten-thousandth of a pixel."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.1, 100, (12, 1, 1))  # frames of little and of much motion, with many and with few points
    field = size * rng.standard_normal((12, len(POINT), 2))
    valid = rng.random((12, len(POINT))) < rng.uniform(0.1, 1, (12, 1))
    whole = remove_smooth_motion(field, valid, BASIS, EQUAL)[0]
    parts = [remove_smooth_motion(field[own], valid[own], BASIS, EQUAL)[0] for own in (slice(cut), slice(cut, 12))]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-3, rtol=1e-5)


def test_a_twitch_under_a_nod_is_still_there() -> None:
    nod = (BASIS @ np.random.default_rng(2).normal(0, 3, (6, 2)))[None]
    np.testing.assert_allclose(left_over(nod + spot(1.0)), left_over(spot(1.0)), atol=0.01)


def test_points_that_are_not_valid_neither_count_nor_answer() -> None:
    field = (BASIS @ np.random.default_rng(3).normal(0, 3, (6, 2)))[None]
    valid = ALL.copy()
    valid[0, ::3] = False
    spoilt = np.where(valid[..., None], field, np.nan)
    rest = left_over(spoilt, valid)
    assert np.abs(rest).max() < 3e-3  # of fields of up to 100 px, in single precision
    assert not rest[0, ::3].any()


def test_a_frame_without_points_gives_zeros() -> None:
    rest = left_over(np.full((3, len(POINT), 2), np.nan), np.zeros((3, len(POINT)), bool))
    assert not rest.any()


def test_noise_keeps_its_size() -> None:
    noise = np.random.default_rng(4).standard_normal((40, len(POINT), 2))
    assert left_over(noise).std() == pytest.approx(np.sqrt(1 - 6 / len(POINT)), abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.2, 0.2), st.floats(0.8, 1.2), st.floats(-30, 30), st.floats(-30, 30))
def test_an_affine_map_is_found_among_strays(turn, scale, x, y) -> None:
    matrix = np.array([[scale, -turn, x], [turn, scale, y]])
    end = POINT @ matrix[:, :2].T + matrix[:, 2]
    end[::11] += 40.0
    np.testing.assert_allclose(fit_affine(POINT, end, np.zeros((2, 3))), matrix, atol=0.02)


def test_too_few_points_give_the_fallback() -> None:
    fallback = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(fit_affine(POINT[:5], POINT[:5], fallback), fallback)


def test_tukey_weighs_all_alike_but_the_far() -> None:
    size = np.full((2, 50), 0.1)
    size[0, 0] = 5.0
    weight = tukey_weight(size)
    assert weight[0, 0] == 0
    assert (weight[0, 1:] > 0.7).all()
    valid = np.ones((2, 50), bool)
    valid[1] = False
    assert not tukey_weight(size, valid)[1].any()


def test_neighbourhoods_average_by_distance_and_precision() -> None:
    precision = np.where(POINT[:, 0] < 150, 1.0, 0.0)
    around = neighbourhoods(POINT, precision, 15.0)
    weight = around[np.flatnonzero((POINT == [100, 120]).all(1))[0]].toarray().ravel()
    distance = np.hypot(*(POINT - [100, 120]).T)
    np.testing.assert_allclose(weight[distance < 30], np.exp(-0.5 * (distance[distance < 30] / 15) ** 2), rtol=1e-5)
    assert not weight[distance > 40].any()
    assert not around[:, POINT[:, 0] >= 150].toarray().any()


def test_averaged_residuals_show_the_skirt_of_a_twitch() -> None:
    """In noise as high as the skirt, the neighbourhood keeps the fit straighter than single points do."""
    around = neighbourhoods(POINT, EQUAL, 15.0)
    noise = 0.15 * np.random.default_rng(5).standard_normal((30, len(POINT), 2))
    everywhere = np.broadcast_to(ALL, (30, len(POINT)))
    share = np.exp(-0.5 * ((POINT - [150, 120]) ** 2).sum(1) / 20**2)
    heights = []
    for matrix in (None, around):
        kept, still = (
            remove_smooth_motion(noise + size * spot(1.0, 20.0), everywhere, BASIS, EQUAL, matrix)[0] for size in (2, 0)
        )
        heights.append(np.einsum("n,tnc,c->t", share, kept - still, [0.6, -0.8]).mean() / (share @ share) / 2)
    assert heights[0] < heights[1]
    assert heights[1] > 0.95
