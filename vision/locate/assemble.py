"""From a dozen measurements a second to regions in every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.errors import NothingToMeasureError
from vision.model.arrays import BoolArray, FloatArray
from vision.model.regions import RegionName, RegionTrack, Side, View

LONGEST_BRIDGE_S = 0.5  # no place is guessed across a longer gap; a blink (0.3 s, science.md) fits in. Our choice
SMOOTHING_SD_S = 0.08  # of landmark places, about one measurement to each side. Our choice, unvalidated


@dataclass(frozen=True, eq=False)
class Sighting:
    """What one measured frame showed. R regions, K corners, E corners of an eye; native pixels.

    seen : (R,) the region was in view. Where nothing was found all are False and the arrays are NaN.
    """

    time_s: float
    seen: BoolArray
    outline_px: FloatArray
    scale_px: float
    skin_rgb: FloatArray
    eye_aperture: FloatArray
    eye_outline_px: FloatArray
    head_pose_deg: FloatArray
    gaze: FloatArray
    background_px: FloatArray
    mouth_iod: FloatArray


def nothing_seen(time_s: float, regions: int, corners: int, eye_corners: int) -> Sighting:
    """Say that a frame was looked at and showed nothing."""
    return Sighting(
        time_s,
        np.zeros(regions, bool),
        np.full((regions, corners, 2), np.nan),
        float("nan"),
        np.full((regions, 3), np.nan),
        np.full(2, np.nan),
        np.full((2, eye_corners, 2), np.nan),
        np.full(3, np.nan),
        np.full((2, 2), np.nan),
        np.full(2, np.nan),
        np.full(3, np.nan),
    )


def assemble(
    view: View,
    frame_time_s: list[float],
    sightings: list[Sighting],
    names: tuple[RegionName, ...],
    sides: tuple[Side | None, ...],
    warnings: tuple[str, ...] = (),
    bridge_s: float = LONGEST_BRIDGE_S,
) -> RegionTrack:
    """Spread sightings over all frames.

    Places are smoothed a little and interpolated; eyes and mouth only interpolated: blinks and syllables stay sharp.
    Nothing is carried across a gap longer than `bridge_s`.

    Raises
    ------
    NothingToMeasureError
        No frame was measured.
    """
    if not sightings:
        raise NothingToMeasureError("no frame of the clip was measured", "at least one", "try another file")
    time_s = np.array(frame_time_s, float)
    at_s = np.array([sighting.time_s for sighting in sightings], float)
    seen = np.array([sighting.seen for sighting in sightings])
    found = seen.any(axis=1)

    def spread(field: str, smooth_sd_s: float | None) -> FloatArray:
        values = np.array([getattr(sighting, field) for sighting in sightings], np.float32)
        if smooth_sd_s is not None:
            values = smoothed(at_s, values, smooth_sd_s)
        return interpolated(time_s, at_s, values)

    in_view = np.column_stack([bridged(time_s, at_s, seen[:, region], bridge_s) for region in range(len(names))])
    outline_px = spread("outline_px", SMOOTHING_SD_S)
    outline_px[~in_view] = np.nan
    in_view &= np.isfinite(outline_px).all(axis=(2, 3))
    anywhere = bridged(time_s, at_s, found, bridge_s)
    parts = {
        "scale_px": spread("scale_px", SMOOTHING_SD_S),
        "skin_rgb": spread("skin_rgb", None),
        "eye_aperture": spread("eye_aperture", None),
        "eye_outline_px": spread("eye_outline_px", None),
        "head_pose_deg": spread("head_pose_deg", SMOOTHING_SD_S),
        "gaze": spread("gaze", None),
        "background_px": spread("background_px", None),
        "mouth_iod": spread("mouth_iod", None),
    }
    for values in parts.values():
        values[~anywhere] = np.nan
    parts["skin_rgb"][~in_view] = np.nan
    return RegionTrack(
        view=view,
        time_s=time_s,
        names=names,
        sides=sides,
        outline_px=outline_px,
        seen=in_view,
        warnings=warnings,
        **parts,
    )


def smoothed(at_s: FloatArray, values: FloatArray, sd_s: float) -> FloatArray:
    """Smooth (M, ...) values in time by a Gaussian of `sd_s` cut at three widths, passing over NaN.

    Works on true times, so an uneven spacing does no harm; symmetric, so nothing is delayed.
    """
    total, weight = np.zeros_like(values), np.zeros_like(values)
    for shift in range(len(at_s)):
        earlier, later = slice(0, len(at_s) - shift), slice(shift, None)
        apart_s = at_s[later] - at_s[earlier]
        near = apart_s <= 3 * sd_s
        if not near.any():
            break
        share = np.where(near, np.exp(-0.5 * (apart_s / sd_s) ** 2), 0.0).reshape(-1, *[1] * (values.ndim - 1))
        for here, there in [(earlier, later), (later, earlier)][: 1 if shift == 0 else 2]:
            good = share * np.isfinite(values[there])
            total[here] += good * np.nan_to_num(values[there])
            weight[here] += good
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan).astype(np.float32)


def interpolated(time_s: FloatArray, at_s: FloatArray, values: FloatArray) -> FloatArray:
    """Interpolate (M, ...) values linearly to (T, ...); entries that are NaN at a sighting are passed over.

    Before the first and after the last good sighting the nearest is held. An entry never good stays NaN.
    """
    flat = values.reshape(len(at_s), -1)
    out = np.full((len(time_s), flat.shape[1]), np.nan, np.float32)
    good = np.isfinite(flat)
    patterns, which = np.unique(good.T, axis=0, return_inverse=True)  # entries that are good together go together
    for number, pattern in enumerate(patterns):
        if not pattern.any():
            continue
        columns = np.flatnonzero(which.ravel() == number)
        out[:, columns] = _between(time_s, at_s[pattern], flat[pattern][:, columns])
    return out.reshape(len(time_s), *values.shape[1:])


def _between(time_s: FloatArray, at_s: FloatArray, values: FloatArray) -> FloatArray:
    if len(at_s) == 1:
        return np.repeat(values, len(time_s), axis=0)
    later = np.clip(np.searchsorted(at_s, time_s), 1, len(at_s) - 1)
    share = np.clip((time_s - at_s[later - 1]) / (at_s[later] - at_s[later - 1]), 0.0, 1.0)[:, None]
    mixed: FloatArray = values[later - 1] * (1 - share) + values[later] * share
    return mixed


def bridged(time_s: FloatArray, at_s: FloatArray, good: BoolArray, bridge_s: float) -> BoolArray:
    """Say which frames lie at a good sighting or between two that are at most `bridge_s` apart.

    At either end of the clip one good sighting within `bridge_s` is enough, unless a bad one lies between.
    """
    if not good.any():
        return np.zeros(len(time_s), bool)
    good_s = at_s[good]
    after = np.searchsorted(good_s, time_s, side="left")
    before_s = np.where(after > 0, good_s[np.maximum(after - 1, 0)], -np.inf)
    after_s = np.where(after < len(good_s), good_s[np.minimum(after, len(good_s) - 1)], np.inf)
    inside = (after_s - before_s) <= bridge_s
    exact = after_s == time_s
    head = np.isneginf(before_s) & (after_s - time_s <= bridge_s) & (good_s[0] == at_s[0])
    tail = np.isposinf(after_s) & (time_s - before_s <= bridge_s) & (good_s[-1] == at_s[-1])
    return np.asarray(inside | exact | head | tail)
