"""Uncompressed pictures whose motion is known to a thousandth of a pixel, for motion.py.

The light is that of `vision.simulate` (portrait, procedural skin), drawn once and moved by splines of fifth order;
the noise is white, Gaussian, the same at every grey level; the frame is rounded to whole grey levels as a file's is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.simulate import portrait, skin

ORDER = 5  # of the splines: on this texture their error is below 0.001 px
ROUNDING_VARIANCE = 1 / 12  # of whole grey levels
PLACE_APART_SIGMA = 5.0  # between footprints, so that each stands alone
SIZES_PX = {"portrait": (340, 380), "skin": (352, 300)}  # width, height
PORTRAIT_IOD_PX = 200.0
SKIN_SIGMA_PX, FACE_SIGMA_IOD = 16.0, 0.075  # the reference twitch


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture at rest. light : (H, W) grey levels. area : (H, W) skin. scale_px : outer-eye distance or None."""

    name: str
    light: FloatArray
    area: BoolArray
    scale_px: float | None
    sigma_px: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spline", ndimage.spline_filter(self.light, ORDER, mode="mirror"))

    def moved(self, displacement_px: FloatArray | None) -> FloatArray:
        """Show the skin of place p at p + u(p): `displacement_px` (2, H, W) is u; undone by fixed-point iteration."""
        if displacement_px is None:
            return self.light
        start = np.stack(np.meshgrid(np.arange(self.light.shape[1]), np.arange(self.light.shape[0]))).astype(float)
        source = start.copy()
        for _ in range(8):
            u = [ndimage.map_coordinates(layer, source[::-1], order=1, mode="nearest") for layer in displacement_px]
            source = start - np.stack(u)
        spline: FloatArray = self.__dict__["_spline"]
        return np.asarray(ndimage.map_coordinates(spline, source[::-1], order=ORDER, mode="mirror", prefilter=False))

    def slopes(self) -> tuple[FloatArray, FloatArray]:
        """Gradient of the light in grey levels a px, by differences of sixth order."""
        kernel = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
        return ndimage.correlate1d(self.light, kernel, axis=1), ndimage.correlate1d(self.light, kernel, axis=0)

    def places(self) -> FloatArray:
        """(P, 2) centres of footprints that stand apart, well inside of the skin."""
        inner = ndimage.binary_erosion(self.area, iterations=int(2 * self.sigma_px))
        apart = PLACE_APART_SIGMA * self.sigma_px
        found: list[FloatArray] = []
        for y, x in np.argwhere(inner):
            if all(np.hypot(*(np.array([x, y]) - other)) >= apart for other in found):
                found.append(np.array([float(x), float(y)]))
        return np.array(found)

    def footprints(self, places: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
        """Sum over the places of unit displacement, each along a direction of its own: (2, …) at x and y."""
        angle = np.linspace(0.3, 2 * np.pi, len(places), endpoint=False)
        total = np.zeros((2, *x.shape))
        for (px, py), way in zip(places, np.stack([np.cos(angle), np.sin(angle)], 1), strict=True):
            share = np.exp(-0.5 * ((x - px) ** 2 + (y - py) ** 2) / self.sigma_px**2)
            total += way.reshape(2, *[1] * x.ndim) * share
        return total


def scene_named(name: str, seed: int = 1) -> Scene:
    """Draw the portrait or the limb."""
    width, height = SIZES_PX[name]
    rng = np.random.default_rng(seed)
    if name == "portrait":
        scale = PORTRAIT_IOD_PX / portrait.OUTER_EYE_DISTANCE
        place = portrait.Placement(scale, portrait.FACE_CENTRE, (width / 2, height / 2))
        rgb = portrait.add_texture(portrait.enlarge(place, (height, width)), place, 3.0, rng)
        y, x = np.mgrid[:height, :width]
        radii = [scale * radius for radius in portrait.FACE_RADII]
        area = ((x - width / 2) / radii[0]) ** 2 + ((y - height / 2) / radii[1]) ** 2 < 1
        return Scene(name, _luma(rgb), area, PORTRAIT_IOD_PX, FACE_SIGMA_IOD * PORTRAIT_IOD_PX)
    reach = skin.limb_reach((height, width), (width, height))
    return Scene(name, _luma(skin.draw_limb(reach, "medium", 1.0, 3.0, rng)), np.abs(reach) < 0.95, None, SKIN_SIGMA_PX)


def _luma(rgb: FloatArray) -> FloatArray:
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2GRAY), dtype=float)


def filmed(light: FloatArray, noise_sd: float, rng: np.random.Generator) -> ByteArray:
    """Add white Gaussian noise and round to whole grey levels."""
    noisy = light + noise_sd * rng.standard_normal(light.shape, dtype=np.float32)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def still(scene: Scene, noise_sd: float, count: int, seed: int = 1) -> Iterator[ByteArray]:
    """Film the scene at rest."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield filmed(scene.light, noise_sd, rng)


def bound_px(scene: Scene, centre_px: FloatArray, side_px: int, noise_sd: float) -> FloatArray:
    """Cramér-Rao bound of a cell's displacement, known reference: (C, 2) standard deviations in px.

    Notes
    -----
    Window: the cell's own side x side pixels, those of them that are skin. Unknown: two components of a translation.
    Known: the light between the pixels, without noise. Noise: white, `noise_sd`² plus that of rounding. The bound is
    the root of the diagonal of noise variance times the inverse of the summed gradient products. Against a reference
    as noisy as the frame it is √2 times as large.
    """
    gx, gy = (slope * scene.area for slope in scene.slopes())
    half = (side_px - 1) / 2
    first = np.round(centre_px - half).astype(int)
    sums = np.empty((len(centre_px), 2, 2))
    for index, (x, y) in enumerate(first):
        patch = np.s_[y : y + side_px, x : x + side_px]
        layers = np.stack([gx[patch].ravel(), gy[patch].ravel()])
        sums[index] = layers @ layers.T
    inverse = np.linalg.inv(sums + 1e-9 * np.eye(2))
    return np.asarray(np.sqrt((noise_sd**2 + ROUNDING_VARIANCE) * np.diagonal(inverse, axis1=1, axis2=2)))
