"""How the skin itself moved."""

from __future__ import annotations

from dataclasses import dataclass

from vision.model.arrays import BoolArray, FloatArray, IntArray, require_increasing, require_shape


@dataclass(frozen=True, eq=False)
class PointTracks:
    """What the tracker measured, camera and body motion still in it. T frames, N points.

    point_px : (N, 2) places in the reference frame, upright native pixels.
    position_px : (T, N, 2) where each point was seen; NaN where it was lost.
    residual_luma : (T, N) root mean square grey-level difference between patch and reference, 0-255.
    luma_ratio : (T, N) brightness around each point ÷ that of the reference.
    structure : (N, 2, 2) sum of gradient products over the patch (grey levels² per px²): the information that the
        texture holds about a displacement, whose inverse times the variance of the grey levels is the
        Cramér-Rao bound of the displacement.
    luma_gain : (T,) brightness against the reference.
    sharpness : (T,) mean squared gradient against the reference.
    reference_index : frame on which the grid was laid.
    """

    time_s: FloatArray
    point_px: FloatArray
    position_px: FloatArray
    residual_luma: FloatArray
    luma_ratio: FloatArray
    structure: FloatArray
    luma_gain: FloatArray
    sharpness: FloatArray
    is_keyframe: BoolArray
    reference_index: int
    spacing_px: float

    def __post_init__(self) -> None:
        frames, points = len(self.time_s), len(self.point_px)
        require_increasing("time_s", self.time_s)
        require_shape("point_px", self.point_px, (points, 2))
        require_shape("position_px", self.position_px, (frames, points, 2))
        require_shape("residual_luma", self.residual_luma, (frames, points))
        require_shape("luma_ratio", self.luma_ratio, (frames, points))
        require_shape("structure", self.structure, (points, 2, 2))
        for name in ("luma_gain", "sharpness", "is_keyframe"):
            require_shape(name, getattr(self, name), (frames,))


@dataclass(frozen=True, eq=False)
class MotionSignals:
    """Local displacement of the skin, camera and body motion removed. T frames, N points.

    time_s : (T,) presentation times.
    point_px : (N, 2) places in the reference frame.
    region_of_point : (N,) index into the regions of the `RegionTrack`, -1 where none.
    displacement_px : (T, N, 2) local displacement, x right, y down; 0 at rest, NaN where not valid.
    noise_px : (1, N) robust standard deviation of the displacement at rest, per axis.
    valid : (T, N) the point was seen and its displacement can be trusted.
    covered : (T, N) something lay over the point, a hair or the edge of a shadow; not valid then.
    structure : (N, 2, 2) as in `PointTracks`: the weight of a point when several are pooled.
    camera : (T, 2, 3) affine map from reference to frame: camera and body motion together.
    luma_gain, sharpness, is_keyframe : (T,) as in `PointTracks`.
    scale_px : outer-eye-corner distance in the reference frame, None where there is no face.
    spacing_px : distance between neighbouring grid points.
    """

    time_s: FloatArray
    point_px: FloatArray
    region_of_point: IntArray
    displacement_px: FloatArray
    noise_px: FloatArray
    valid: BoolArray
    covered: BoolArray
    structure: FloatArray
    camera: FloatArray
    luma_gain: FloatArray
    sharpness: FloatArray
    is_keyframe: BoolArray
    scale_px: float | None
    spacing_px: float
    reference_index: int

    def __post_init__(self) -> None:
        frames, points = len(self.time_s), len(self.point_px)
        require_increasing("time_s", self.time_s)
        require_shape("point_px", self.point_px, (points, 2))
        require_shape("region_of_point", self.region_of_point, (points,))
        require_shape("displacement_px", self.displacement_px, (frames, points, 2))
        require_shape("noise_px", self.noise_px, (1, points))
        require_shape("valid", self.valid, (frames, points))
        require_shape("covered", self.covered, (frames, points))
        require_shape("structure", self.structure, (points, 2, 2))
        require_shape("camera", self.camera, (frames, 2, 3))
        for name in ("luma_gain", "sharpness", "is_keyframe"):
            require_shape(name, getattr(self, name), (frames,))
