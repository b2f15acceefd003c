"""Which region a point of skin belongs to."""

from __future__ import annotations

import numpy as np

from vision.dsp import distance_to_polygon, points_in_polygon
from vision.model.arrays import FloatArray, IntArray, require_shape
from vision.model.regions import RegionTrack

NEAR_SCALE = 0.1  # outer-eye distances from a region's border within which a point still counts to it. Our choice


def region_of_points(regions: RegionTrack, frame_index: int, point_px: FloatArray) -> IntArray:
    """Name the region of each point.

    Parameters
    ----------
    regions : where the regions are.
    frame_index : frame in which the points were laid, an index into the frames of `regions`.
    point_px : (N, 2) upright native pixels.

    Returns
    -------
    (N,) index of the region that holds the point, the first of several; else of the nearest one within NEAR_SCALE
    outer-eye distances; else -1. In the skin view, without a scale, points outside of the area are -1.

    Raises
    ------
    ShapeError
        `point_px` is not (N, 2).
    """
    require_shape("point_px", point_px, (None, 2))
    region_of = np.full(len(point_px), -1)
    nearest = np.full(len(point_px), np.inf)
    for region in np.flatnonzero(regions.seen[frame_index])[::-1]:
        outline = np.asarray(regions.outline_px[frame_index, region], float)
        away = distance_to_polygon(point_px, outline)
        away[points_in_polygon(point_px, outline)] = 0.0
        closer = away <= nearest
        region_of[closer], nearest[closer] = region, away[closer]
    scale_px = float(regions.scale_px[frame_index])
    reach_px = NEAR_SCALE * scale_px if np.isfinite(scale_px) else 0.0
    return np.where(nearest <= reach_px, region_of, -1)
