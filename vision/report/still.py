"""The still: the reference frame of the clip with the sites drawn on it, as one SVG with the picture inside."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from markupsafe import Markup

from vision.errors import ResultFileError
from vision.model.arrays import ByteArray, FloatArray
from vision.model.clip import Frame
from vision.model.events import Site
from vision.model.result import AnalysisResult
from vision.report.heat import PICTURE_CELL_PX, Heat, data_uri, heat_of, heat_picture, laid_over
from vision.report.marked import Marker
from vision.report.text import place
from vision.report.units import counted, listing
from vision.settings import Settings, VideoSettings
from vision.video.decode import open_clip

LONGEST_SIDE_PX = 900  # fills half of a page, weighs about 100 kB
JPEG_QUALITY = 85
RING_FOOTPRINTS = 1.5  # radius of a ring in footprint widths: encloses most of what moved
SMALLEST_RING_SHARE = 0.012  # of the longest side, so that a ring can be seen
LABEL_SHARE = 0.034  # type size against the longest side
WIDEST_FRAME_PX = 2**28  # eight times 8K, and still within what FFmpeg takes as a limit
EVERY_FRAME_HZ = 1000.0  # faster than any phone films: no frame is without colour


@dataclass(frozen=True, eq=False)
class Still:
    """A picture for the report. `picture` is (h, w, 3) rgb or (h, w) grey, `time_s` when it was shown."""

    picture: ByteArray
    time_s: float
    scale: float  # px of the picture for each px of the upright native frame


def read_still(result: AnalysisResult, clip: Path) -> Still:
    """Decode the reference frame of the clip that was analysed.

    Raises
    ------
    ResultFileError
        The clip is another one, or ends before the frame.
    ClipError
        It cannot be read.
    """
    wanted = result.signals.reference_index  # not its time: that of slow motion is life's, not the film's
    with open_clip(clip, reading(LONGEST_SIDE_PX), rgb_rate_hz=EVERY_FRAME_HZ) as reader:
        if reader.info.sha256 != result.document.clip.sha256:
            raise ResultFileError(
                f"{clip.name} is not the clip of this result", "the very file that was analysed", "check --clip"
            )
        for frame in reader:
            if frame.index >= wanted:
                return _to_still(frame)
    raise ResultFileError(f"{clip.name} ends before its reference frame", "the whole clip", "analyse the clip again")


def draw_still(still: Still, result: AnalysisResult, heat: Heat | None = None) -> Markup:
    """Draw picture, heat map, faint region outlines, numbered rings and the patient's sides."""
    height, width = still.picture.shape[:2]
    parts = [Markup('<image href="{}" width="{}" height="{}"/>').format(_data_uri(still.picture), width, height)]
    if heat is not None:
        rgba = heat_picture(heat, (width, height), still.scale)
        size = (PICTURE_CELL_PX * rgba.shape[1], PICTURE_CELL_PX * rgba.shape[0])
        parts.append(Markup('<image class="heat" href="{}" width="{}" height="{}"/>').format(data_uri(rgba), *size))
    parts += [_outline(corners * still.scale) for corners in reference_outlines(result)]
    parts += _rings(result.document.sites, still.scale, width, height)
    parts += _side_marks(result, width, height)
    return Markup('<svg class="still" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, alt_text(still, result), Markup("").join(parts)
    )


def in_colour(still: Still) -> ByteArray:
    """(H, W, 3) RGB of a still, which may be grey."""
    rgb = still.picture if still.picture.ndim == 3 else np.repeat(still.picture[..., None], 3, axis=2)
    return np.ascontiguousarray(rgb)


def marked_still(result: AnalysisResult, still: Still) -> ByteArray:
    """(H, W, 3) RGB as paper shows it: heat map and rings are part of the picture."""
    rgb = in_colour(still)
    heat = heat_of(result)
    warm = rgb if heat is None else laid_over(rgb, heat, still.scale)
    size_px = (rgb.shape[1], rgb.shape[0])
    return np.ascontiguousarray(Marker(result, still.scale, size_px).rings(warm, result.signals.reference_index))


def alt_text(still: Still, result: AnalysisResult) -> str:
    """Say what the picture shows to who cannot see it."""
    sites = result.document.sites
    if not sites:
        return f"Frame at {still.time_s:.2f} s; no place is marked."
    named = listing([f"{site.id}, {place(site.region, site.side)}" for site in sites[:20]])
    more = "" if len(sites) <= 20 else " and more"
    return f"Frame at {still.time_s:.2f} s with {counted(len(sites), 'numbered ring')}: {named}{more}."


def reference_outlines(result: AnalysisResult) -> list[FloatArray]:
    """Give the outline (K, 2) of each region that was seen in the reference frame, upright native px."""
    track = result.regions
    moment = int(np.argmin(np.abs(track.time_s - result.signals.time_s[result.signals.reference_index])))
    outlines = [corners[np.isfinite(corners).all(axis=1)] for corners in track.outline_px[moment]]
    return [corners for corners, seen in zip(outlines, track.seen[moment], strict=True) if seen and len(corners) > 2]


def reading(longest_side_px: int) -> VideoSettings:
    """Read any clip that was once analysed, whatever limits were set then; the hash says which it is."""
    widest = {"longest_clip_s": math.inf, "largest_frame_px": WIDEST_FRAME_PX, "small_side_px": longest_side_px}
    return Settings().video.model_copy(update=widest)


def _to_still(frame: Frame) -> Still:
    native_px = max(frame.luma.shape)
    if frame.rgb_small is not None:
        return Still(frame.rgb_small, frame.time_s, max(frame.rgb_small.shape[:2]) / native_px)
    scale = min(1.0, LONGEST_SIDE_PX / native_px)
    size = (max(1, round(frame.luma.shape[1] * scale)), max(1, round(frame.luma.shape[0] * scale)))
    grey = cv2.resize(frame.luma, size, interpolation=cv2.INTER_AREA)
    return Still(grey.astype(np.uint8), frame.time_s, scale)


def _data_uri(picture: ByteArray) -> str:
    stored = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()


def _outline(corners: FloatArray) -> Markup:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return Markup('<polygon class="outline" points="{}"/>').format(points)


def _rings(sites: tuple[Site, ...], scale: float, width: int, height: int) -> list[Markup]:
    """Draw a ring for each site, its number on whichever of four sides has most room."""
    longest_px = max(width, height)
    centres = [np.array([site.x_px, site.y_px]) * scale for site in sites]
    taken = list(centres)
    rings = []
    for site, centre in zip(sites, centres, strict=True):
        radius = max(RING_FOOTPRINTS * (site.footprint_sigma_px or 0.0) * scale, SMALLEST_RING_SHARE * longest_px)
        spot = _roomiest(centre, radius + 0.5 * LABEL_SHARE * longest_px, taken, width, height)
        taken.append(spot)
        rings.append(_ring(site.id, centre, radius, spot, LABEL_SHARE * longest_px))
    return rings


def _roomiest(centre: FloatArray, away: float, taken: list[FloatArray], width: int, height: int) -> FloatArray:
    """Choose the corner around `centre` that lies farthest from everything drawn and inside the picture."""
    corners = [centre + 0.8 * away * np.array(toward) for toward in ((1, -1), (-1, -1), (1, 1), (-1, 1))]

    def room(corner: FloatArray) -> float:
        x, y = float(corner[0]), float(corner[1])
        to_edge = min(x, y, width - x, height - y)
        others = [float(np.hypot(*(corner - other))) for other in taken if other is not centre]
        return min(3 * away, 3 * to_edge, *others)

    return max(corners, key=room)


def _ring(number: int, centre: FloatArray, radius: float, spot: FloatArray, size: float) -> Markup:
    return Markup(
        '<g class="site"><circle class="halo" cx="{0:.1f}" cy="{1:.1f}" r="{2:.1f}"/>'
        '<circle class="ring" cx="{0:.1f}" cy="{1:.1f}" r="{2:.1f}"/>'
        '<text x="{3:.1f}" y="{4:.1f}" font-size="{5:.1f}" text-anchor="middle">{6}</text></g>'
    ).format(centre[0], centre[1], radius, spot[0], spot[1] + 0.35 * size, size, number)


def _side_marks(result: AnalysisResult, width: int, height: int) -> list[Markup]:
    """Write the patient's right and left at the edges where they are; nothing where one side alone is known."""
    track = result.regions
    moment = int(np.argmin(np.abs(track.time_s - result.signals.time_s[result.signals.reference_index])))
    middle = {}
    for side in ("right", "left"):
        columns = [column for column, own in enumerate(track.sides) if own == side and track.seen[moment, column]]
        corners = track.outline_px[moment, columns].reshape(-1, 2)
        corners = corners[np.isfinite(corners).all(axis=1)]
        if not len(corners):
            return []
        middle[side] = corners.mean(axis=0)
    across, down = middle["left"] - middle["right"]
    size = LABEL_SHARE * max(width, height) * 0.8
    first, last = ("right", "left") if (across if abs(across) >= abs(down) else down) > 0 else ("left", "right")
    if abs(across) >= abs(down):
        spots = [(first, 0.5 * size, height - size, "start"), (last, width - 0.5 * size, height - size, "end")]
    else:
        spots = [(first, width / 2, 1.5 * size, "middle"), (last, width / 2, height - size, "middle")]
    return [
        Markup(
            '<text class="side" x="{:.1f}" y="{:.1f}" font-size="{:.1f}" text-anchor="{}">patient’s {}</text>'
        ).format(x, y, size, anchor, side)
        for side, x, y, anchor in spots
    ]
