"""How much must be hidden so that our own face detector finds nobody: asked of it, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from vision.locate.face import FaceModel
from vision.model.arrays import ByteArray
from vision.model.result import AnalysisResult
from vision.report.films import film_size, picture_of
from vision.report.marked import Marker
from vision.report.still import Still, in_colour, marked_still, reading
from vision.report.veil import Strength, Veil
from vision.video.decode import sample_frames

# From what shows most to what shows nothing: an eye beside a mouth is a face, so less stays clear around each place.
STRENGTHS = (
    Strength(1.0, 1.0), Strength(1.0, 0.7), Strength(1.0, 0.5), Strength(1.0, 0.35), Strength(1.0, 0.0),
    Strength(2.0, 0.0),
)  # fmt: skip
SAMPLES = 24  # pictures that are asked about, spread over the clip
WARY_SCORE = 0.2  # of the detector, where an analysis asks for more: what is hardly a face counts here
LONGEST_SIDE_PX = 640  # of the pictures asked about: the detector reduces them further


def strength_for(result: AnalysisResult, clip: Path) -> Strength:
    """Choose a veil under which the detector finds no face, with and without the marks of the film.

    It is one step stronger than the weakest such veil: the pictures asked about are not all that will be written.
    """
    frames = sample_frames(clip, reading(LONGEST_SIDE_PX), SAMPLES)
    size_px, scale = film_size(result, LONGEST_SIDE_PX)
    pictures = [
        (frame.index, picture_of(frame, size_px)) for frame in frames if frame.index < len(result.signals.time_s)
    ]
    marker = Marker(result, scale, size_px)
    model = FaceModel(is_stream=False, max_faces=1, smallest_score=WARY_SCORE)
    try:
        for strength, stronger in pairwise(STRENGTHS):
            veil = Veil(result, scale, size_px, strength)
            if not any(model.landmarks(shown) for shown in _shown(pictures, veil, marker)):
                return stronger
    finally:
        model.close()
    return STRENGTHS[-1]


def hidden_still(result: AnalysisResult, still: Still, strength: Strength) -> ByteArray:
    """Veil the still with the strength of the film, or with the next one under which the detector finds no face.

    It is asked about the still as the page shows it and as report.pdf does, with heat map and rings: two clear
    places in rings are eyes to it.
    """
    height, width = still.picture.shape[:2]
    model = FaceModel(is_stream=False, max_faces=1, smallest_score=WARY_SCORE)
    try:
        for stronger in STRENGTHS[STRENGTHS.index(strength) :]:
            veil = Veil(result, still.scale, (width, height), stronger)
            picture = veil.hide(still.picture, result.signals.reference_index)
            hidden = replace(still, picture=picture)
            if not any(model.landmarks(shown) for shown in (in_colour(hidden), marked_still(result, hidden))):
                break
    finally:
        model.close()
    return picture


def _shown(pictures: list[tuple[int, ByteArray]], veil: Veil, marker: Marker) -> Iterator[ByteArray]:
    """Give every picture as the still, overlay.mp4 and the film of a twitch would show it."""
    for index, picture in pictures:
        hidden = veil.hide(picture, index)
        yield np.ascontiguousarray(hidden)
        yield np.hstack([hidden, hidden])
        yield np.ascontiguousarray(marker.draw(hidden, index)[: hidden.shape[0]])
