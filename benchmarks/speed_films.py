"""The films that speed.py measures on: rendered as a phone would film, and lengthened without being encoded anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Film:
    """What a phone films when held upright: scenario, size, rate, and the bits that its encoder spends."""

    scenario: str
    width_px: int
    height_px: int
    rate_hz: float
    bit_rate_bps: int


# Bit rates of phones' own films: 1080p30 17, 1080p120 40, 4K30 50 Mbit/s; the more bits, the slower the decoder.
FILMS = {
    "face": Film("eyelid", 1080, 1920, 30.0, 17_000_000),
    "skin": Film("calf", 1080, 1920, 30.0, 17_000_000),
    "4K30": Film("eyelid", 2160, 3840, 30.0, 50_000_000),
    "1080p120": Film("eyelid", 1080, 1920, 120.0, 40_000_000),
}
SHAKE_SHARE, SHUTTER_S = (
    0.003,
    0.02,
)  # of the picture's width, held by hand; the shutter is open for half a frame at most


def render(film: Film, seconds: float, path: Path) -> dict[str, Any]:
    """Write a simulated film as a phone that is held by hand would."""
    from vision.simulate.clip import simulate
    from vision.simulate.named import scenario_named

    scenario = scenario_named(
        film.scenario, duration_s=seconds, width_px=film.width_px, height_px=film.height_px, rate_hz=film.rate_hz,
        bit_rate_bps=film.bit_rate_bps, shake_px=SHAKE_SHARE * film.width_px,
        shutter_s=min(SHUTTER_S, 0.5 / film.rate_hz),
    )  # fmt: skip
    simulate(scenario, path, preset="veryfast")
    return {"size_mb": round(path.stat().st_size / 1e6, 1)}


def lengthen(path: Path, times: int, longer: Path) -> dict[str, Any]:
    """Write a film several times one after the other, its packets as they are."""
    import av

    with av.open(str(path)) as source, av.open(str(longer), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        assert stream.duration is not None
        for number in range(times):
            source.seek(0)
            for packet in source.demux(stream):
                if packet.dts is None or packet.pts is None:
                    continue
                packet.pts, packet.dts = packet.pts + number * stream.duration, packet.dts + number * stream.duration
                packet.stream = copy
                target.mux(packet)
    return {"size_mb": round(longer.stat().st_size / 1e6, 1)}
