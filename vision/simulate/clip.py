"""Simulated clips as files, each with its truth beside it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vision.simulate.render import render_frames
from vision.simulate.scenario import Scenario
from vision.simulate.schedule import frame_times
from vision.simulate.truth import Truth, truth_of, truth_path, write_truth
from vision.video.encode import ClipWriter


def simulate(
    scenario: Scenario, path: Path, *, preset: str | None = None, on_frame: Callable[[int, int], None] | None = None
) -> Truth:
    """Render a scenario into a clip, with its truth beside it.

    Parameters
    ----------
    path : of the clip, ending in .mp4, .mov or .mkv. ``clip.mp4`` gets its truth in ``clip.truth.json``.
    preset : how hard the encoder works at a small file; None: as the scenario says.
    on_frame : told after each frame how many of how many are written.

    Raises
    ------
    OutputError
        The clip or its truth cannot be written, or the codec does not take these options.

    Notes
    -----
    The file's comment says that it is simulated, so that every later reader can say so too. Under a rotation the
    pictures are stored turned back, as a phone held upright does, and the file tells players to turn them.
    """
    interval_s = scenario.keyframe_interval_s
    turns = scenario.rotation_deg // 90
    stored_px = (scenario.width_px, scenario.height_px)[:: -1 if turns % 2 else 1]
    truth = truth_of(scenario, path.stem)
    frame_count = len(frame_times(scenario))
    with ClipWriter(
        path,
        *stored_px,
        codec=scenario.codec,
        crf=scenario.crf,
        bit_rate_bps=scenario.bit_rate_bps,
        keyframe_interval_frames=None if interval_s is None else max(1, round(interval_s * scenario.rate_hz)),
        rotation_deg=scenario.rotation_deg,
        comment=f"simulated by twitchscope {version('twitchscope')}: {scenario.name}",
        preset=preset or scenario.encoder_preset,
        is_reproducible=True,
    ) as writer:
        for index, (time_s, rgb) in enumerate(render_frames(scenario), start=1):
            writer.write(np.rot90(rgb, turns), time_s)
            if on_frame is not None:
                on_frame(index, frame_count)
    write_truth(truth, truth_path(path))
    return truth
