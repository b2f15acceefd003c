"""The label table as simulated events: each row drawn with its truth, by two generators.

`A` is what the model's parameters may be set on; `B` has other laws of intervals, burst sizes, orders, lengths and
detector, and is kept for testing. Whether a clip meets the preconditions that docs/method.md states is said of what was
drawn, with one exception: `no-twitch` claims that nothing was found, so a false event there breaks its precondition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vision.model.arrays import FloatArray, IntArray
from vision.model.events import EventSet, EyeClosureEvent
from vision.model.features import PatternLabel
from vision.model.regions import RegionName, Side, View
from vision.model.result import Quality
from vision.simulate.trains import Detector, Family, Spot, bursting, migrating, observed, poisson, renewal

Generator = Literal["A", "B"]
IOD_PX = 213.0
FEWEST_SEEN = 5  # events left after misses that a precondition asks for; `migrating`: FEWEST_MIGRATING
FEWEST_MIGRATING = 10

# Region, the patient's right side, in units of the distance between the outer eye corners from the middle of the face.
FACE: tuple[tuple[RegionName, float, float], ...] = (
    ("upper-eyelid", -0.32, -0.06),
    ("lower-eyelid", -0.32, 0.10),
    ("brow", -0.34, -0.22),
    ("cheek", -0.42, 0.45),
    ("mouth-corner", -0.25, 0.85),
    ("nose", -0.10, 0.45),
)
MIDDLE: tuple[tuple[RegionName, float, float], ...] = (("chin", 0.0, 1.2), ("forehead", 0.0, -0.5))


@dataclass(frozen=True, eq=False)
class SimulatedClip:
    """What the pattern model is given, and what it should say. `holds`: the row's stated preconditions are met."""

    row: str
    label: PatternLabel
    view: View
    events: EventSet
    quality: Quality
    holds: bool
    area_px2: float = 1e5


@dataclass(frozen=True)
class _Draw:
    """The laws of one generator."""

    rng: np.random.Generator
    which: Generator

    @property
    def family(self) -> Family:
        return "gamma" if self.which == "A" else "lognormal"

    def length_s(self) -> float:
        """Length of the clip, short ones among them: that is where a pattern is doubtful."""
        if self.which == "A":
            return float(self.rng.choice([12.0, 20.0, 30.0, 60.0, 120.0]))
        return float(10.0 * self.rng.uniform(1.0, 12.0) ** self.rng.uniform(0.5, 1.0))

    def detector(self, view: View) -> Detector:
        sd_px = 8.0 if view == "skin" else 0.035 * IOD_PX
        if self.which == "A":
            return Detector(localisation_sd_px=sd_px)
        return Detector(
            dead_time_s=float(self.rng.uniform(0.08, 0.15)), frame_s=1 / float(self.rng.choice([24.0, 30.0, 60.0])),
            is_on_clock=bool(self.rng.random() < 0.5), localisation_sd_px=sd_px * float(self.rng.uniform(0.7, 1.3)),
        )  # fmt: skip

    def focal_train(self, length_s: float) -> FloatArray:
        """One place: bursts, or single twitches."""
        rng = self.rng
        if rng.random() < (0.6 if self.which == "A" else 0.4):
            size = (3, 6) if self.which == "A" else (2, 10)
            within_hz = float(rng.uniform(4, 7) if self.which == "A" else rng.uniform(3, 8))
            pause_s = float(rng.uniform(2, 6) if self.which == "A" else rng.uniform(2.5, 9))
            return bursting(rng, length_s, pause_s=pause_s, within_hz=within_hz, size=size, family=self.family)
        if self.which == "A":
            return poisson(rng, float(rng.uniform(0.1, 1.0)), length_s, 0.15)
        return renewal(rng, 1 / float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.4, 1.3)), length_s, self.family)

    def busy_train(self, length_s: float) -> FloatArray:
        """One place that hardly rests: twitches of a quarter second, three or more a second."""
        rng = self.rng
        if self.which == "A":
            return renewal(rng, 1 / float(rng.uniform(3.2, 7)), float(rng.uniform(0.1, 0.4)), length_s)
        pause_s = float(rng.uniform(0.3, 0.6))
        return bursting(
            rng, length_s, pause_s=pause_s, within_hz=float(rng.uniform(3.5, 8)), size=(10, 40), family=self.family
        )

    def single_train(self, rate_hz: float, length_s: float) -> FloatArray:
        """Single twitches, of all places together."""
        if self.which == "A":
            return poisson(self.rng, rate_hz, length_s, 0.1)
        return renewal(self.rng, 1 / rate_hz, float(self.rng.uniform(0.5, 1.2)), length_s, self.family)

    def face(self, count: int, sides: tuple[Side, ...] = ("right", "left")) -> list[Spot]:
        """Draw places of a face, one in each region; the lids of one side are one place and count once."""
        pool = [_spot(row, side) for side in sides for row in FACE[1:]] + [_spot(row, "midline") for row in MIDDLE]
        return [pool[i] for i in self.rng.permutation(len(pool))[:count]]

    def skin(self, count: int) -> list[Spot]:
        """Draw places of skin at least 60 px apart: five errors of a place."""
        spots: list[Spot] = []
        while len(spots) < count:
            x, y = self.rng.uniform((0, 0), (900, 500))
            if all(np.hypot(x - s.x_px, y - s.y_px) >= 60 for s in spots):
                spots.append(Spot("skin", None, float(x), float(y)))
        return spots

    def strays(self, view: View) -> list[Spot]:
        """Where false events fall."""
        return self.face(12) if view != "skin" else self.skin(12)


def _spot(row: tuple[RegionName, float, float], side: Side) -> Spot:
    mirror = -1 if side == "left" else 1
    return Spot(row[0], side, 300 + mirror * row[1] * IOD_PX, 300 + row[2] * IOD_PX)


def draw_clip(row: str, which: Generator, rng: np.random.Generator) -> SimulatedClip:
    """Draw one clip of a row of the label table (a key of `ROWS`)."""
    return ROWS[row](_Draw(rng, which), row)


def _quality(length_s: float, view: View, limit: float = 0.5) -> Quality:
    """Say how fine the clip is; `limit` as a share of what `no-twitch` needs."""
    iod = None if view == "skin" else 0.01 * limit
    return Quality(True, length_s, limit if iod is None else iod * IOD_PX, None, (), iod)


def _made(
    draw: _Draw, row: str, label: PatternLabel, view: View, spots: list[Spot], trains: list[FloatArray],
    length_s: float, *, fewest: int = FEWEST_SEEN, area_px2: float = 900.0,
) -> SimulatedClip:  # fmt: skip
    onset_s = np.concatenate(trains) if trains else np.empty(0)
    place: IntArray = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
    clip = observed(
        draw.rng, onset_s, place, spots, length_s, draw.detector(view), draw.strays(view), area_px2=area_px2
    )  # fmt: skip
    seen = [e for e in clip.events if e.site <= len(spots)]
    each = [sum(e.site == number + 1 for e in seen) for number in range(len(spots))]
    holds = len(seen) >= fewest and (label != "migrating" or max(each) <= 0.45 * len(seen))
    return SimulatedClip(row, label, view, clip, _quality(length_s, view), holds)


def _focal(view: View) -> Callable[[_Draw, str], SimulatedClip]:
    def make(draw: _Draw, row: str) -> SimulatedClip:
        length_s = draw.length_s()
        spots = draw.skin(1) if view == "skin" else draw.face(1)
        return _made(draw, row, "intermittent-focal", view, spots, [draw.focal_train(length_s)], length_s)

    return make


def _both_lids(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    train = draw.focal_train(length_s)
    upper = draw.rng.random(len(train)) < 0.5
    spots = [_spot(FACE[0], "right"), _spot(FACE[1], "right")]
    return _made(draw, row, "intermittent-focal", "face", spots, [train[upper], train[~upper]], length_s)


def _split(train: FloatArray, place: IntArray, count: int) -> list[FloatArray]:
    return [train[place == number] for number in range(count)]


def _migrating(view: View) -> Callable[[_Draw, str], SimulatedClip]:
    def make(draw: _Draw, row: str) -> SimulatedClip:
        length_s, rng = draw.length_s(), draw.rng
        count = int(rng.integers(4, 9))
        train = draw.single_train(float(rng.uniform(0.2, 1.2)), length_s)
        place = migrating(rng, len(train), count, order="any" if draw.which == "A" else "walk", stay=0.1)
        spots = draw.skin(count) if view == "skin" else draw.face(count)
        trains = _split(train, place, count)
        return _made(draw, row, "migrating", view, spots, trains, length_s, fewest=FEWEST_MIGRATING)

    return make


def _sustained(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    spots = draw.face(int(draw.rng.integers(2, 5)), ("right",))
    trains = [draw.busy_train(length_s) for _ in spots]
    return _made(draw, row, "sustained-facial", "face", spots, trains, length_s)


def _sustained_together(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    spots, train = draw.face(3, ("right",)), draw.busy_train(length_s)
    late_s = [np.abs(draw.rng.normal(0, 0.01, len(train))) for _ in spots]
    return _made(draw, row, "sustained-facial", "face", spots, [train + late for late in late_s], length_s)


def _one_lid(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    spots, trains = [_spot(FACE[1], "right")], [draw.busy_train(length_s)]
    view: View = "eye" if draw.rng.random() < 0.5 else "face"
    return _made(draw, row, "sustained-facial", view, spots, trains, length_s)


def _quiet(view: View) -> Callable[[_Draw, str], SimulatedClip]:
    def make(draw: _Draw, row: str) -> SimulatedClip:
        length_s = draw.length_s()
        clip = _made(draw, row, "no-twitch", view, [], [], length_s)
        limit = float(draw.rng.uniform(0.3, 1.0))
        return SimulatedClip(
            row, "no-twitch", view, clip.events, _quality(length_s, view, limit), not clip.events.events
        )

    return make


def _two_places(draw: _Draw, row: str) -> SimulatedClip:
    length_s, view = draw.length_s(), ("face", "skin")[int(draw.rng.integers(2))]
    spots = draw.skin(2) if view == "skin" else draw.face(2)
    train = draw.single_train(float(draw.rng.uniform(0.4, 1.2)), length_s)
    share = float(draw.rng.uniform(0.35, 0.65))
    trains = _split(train, (draw.rng.random(len(train)) < share).astype(int), 2)
    return _made(draw, row, "indeterminate", "skin" if view == "skin" else "face", spots, trains, length_s)


def _one_over_half(draw: _Draw, row: str) -> SimulatedClip:
    length_s, rng = draw.length_s(), draw.rng
    count = int(rng.integers(3, 5))
    train = draw.single_train(float(rng.uniform(0.6, 1.2)), length_s)
    busiest = float(rng.uniform(0.62, 0.72))
    share = [busiest, *[(1 - busiest) / (count - 1)] * (count - 1)]
    trains = _split(train, rng.choice(count, len(train), p=share), count)
    return _made(draw, row, "indeterminate", "face", draw.face(count), trains, length_s)


def _at_once(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    spots = draw.face(int(draw.rng.integers(3, 5)))
    train = draw.single_train(float(draw.rng.uniform(0.3, 0.8)), length_s)
    trains = [train + np.abs(draw.rng.normal(0, 0.01, len(train))) for _ in spots]
    return _made(draw, row, "indeterminate", "face", spots, trains, length_s)


def _limb_sustained(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    spots = draw.skin(int(draw.rng.integers(1, 4)))
    return _made(draw, row, "indeterminate", "skin", spots, [draw.busy_train(length_s) for _ in spots], length_s)


def _whole_limb(draw: _Draw, row: str) -> SimulatedClip:
    length_s, rng = draw.length_s(), draw.rng
    spots = draw.skin(int(rng.integers(3, 6)))
    train = renewal(rng, 1 / float(rng.uniform(3.5, 6.5)), 0.08, length_s, draw.family)
    return _made(draw, row, "indeterminate", "skin", spots, [train for _ in spots], length_s, area_px2=3e4)


def _closures(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    at_s = np.sort(draw.rng.uniform(1, length_s - 3, 3))
    found = tuple(EyeClosureEvent(t, t + 0.3, t + 0.8, ("right",), True, False) for t in at_s.tolist())
    clip = observed(draw.rng, np.empty(0), np.empty(0, int), [], length_s, draw.detector("face"), (), found)
    return SimulatedClip(row, "indeterminate", "face", clip, _quality(length_s, "face"), holds=True)


def _coarse(draw: _Draw, row: str) -> SimulatedClip:
    length_s = draw.length_s()
    clip = _made(draw, row, "indeterminate", "face", [], [], length_s)
    limit = float(draw.rng.uniform(1.3, 6))
    return SimulatedClip(row, "indeterminate", "face", clip.events, _quality(length_s, "face", limit), holds=True)


def _too_short(draw: _Draw, row: str) -> SimulatedClip:
    length_s = float(draw.rng.uniform(2, 9.5))
    clip = _made(draw, row, "indeterminate", "face", draw.face(1), [draw.focal_train(length_s)], length_s, fewest=0)
    return SimulatedClip(row, "indeterminate", "face", clip.events, clip.quality, holds=True)


def _too_few(draw: _Draw, row: str) -> SimulatedClip:
    length_s, count = draw.length_s(), int(draw.rng.integers(1, 3))
    trains = [np.array([float(draw.rng.uniform(0, length_s))]) for _ in range(count)]
    return _made(draw, row, "indeterminate", "face", draw.face(count), trains, length_s, fewest=1)


ROWS: dict[str, Callable[[_Draw, str], SimulatedClip]] = {
    "one place, face": _focal("face"),
    "one place, eye close-up": _focal("eye"),
    "one place, skin": _focal("skin"),
    "both lids of one side": _both_lids,
    "moving about, face": _migrating("face"),
    "moving about, skin": _migrating("skin"),
    "sustained over the face": _sustained,
    "sustained, all together": _sustained_together,
    "sustained in one lid": _one_lid,
    "at rest, face": _quiet("face"),
    "at rest, skin": _quiet("skin"),
    "two stable places": _two_places,
    "several, one with over half": _one_over_half,
    "several at once": _at_once,
    "sustained limb": _limb_sustained,
    "rhythm of a whole limb": _whole_limb,
    "eye closure alone": _closures,
    "limit too coarse": _coarse,
    "too short": _too_short,
    "one or two events": _too_few,
}
