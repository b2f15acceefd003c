"""What is computed once of the reference."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.motion.pictures import picture, reference
from vision.motion.reference import REDUCTIONS, contrast_of, pyramid, smoothed, texture_of


def test_smoothing_keeps_the_mean_and_nothing_at_zero() -> None:
    luma = picture()
    assert smoothed(luma, 2.0).mean() == pytest.approx(luma.mean(), abs=0.5)
    np.testing.assert_array_equal(smoothed(luma, 0.0), luma)


def test_the_pyramid_halves_and_stays_in_place() -> None:
    y, x = np.mgrid[:97, :120].astype(np.float32)
    for level, reduction in zip(pyramid(3 * x - 2 * y), REDUCTIONS, strict=True):
        inner = level[4:-4, 4:-4]
        rows, columns = np.mgrid[4 : 4 + inner.shape[0], 4 : 4 + inner.shape[1]] * reduction
        np.testing.assert_allclose(inner, 3 * columns - 2 * rows, atol=0.2)


def test_structure_holds_information_in_all_directions() -> None:
    structure = reference().structure
    assert (np.linalg.eigvalsh(structure) > 0).all()
    np.testing.assert_allclose(structure, structure.transpose(0, 2, 1), rtol=1e-4)


def test_texture_is_near_the_smaller_eigenvalue() -> None:
    structure = reference().structure
    smaller = np.linalg.eigvalsh(structure)[:, 0]
    assert (texture_of(structure) <= smaller * 1.001).all()
    assert (texture_of(structure) >= smaller * 0.499).all()


def test_blur_costs_contrast_and_light_does_not_hide_it() -> None:
    luma = picture()
    assert contrast_of(smoothed(luma, 2.0)) < 0.6 * contrast_of(smoothed(luma, 0.7))
