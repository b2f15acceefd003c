"""What was found and something else explains: a slower movement, something that crosses, words, a blink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vision.model.events import RejectedKind, RejectedMovement
from vision.model.regions import RegionTrack, region_label
from vision.model.signals import MotionSignals
from vision.twitch.detect import Candidate
from vision.twitch.gaze import SMALLEST_LIFT_IOD
from vision.twitch.mouth import MOUTH_REGIONS
from vision.twitch.pairs import face_width_px, sides_px, together
from vision.twitch.set_apart import PART_MARGIN_S, besides, region_at

PART_SIGMA = 4.0  # around a slower movement, within which single events are a part of it. Our choice
CROSSING_SIGMA, CROSSING_S = 3.0, 0.15  # footprints and time beside something that crosses, in which it pulls. Ours
CROSSING_SHARE = 0.5  # of a site's events
# Before and after talk; and the twitches of a site at all other times, from which it twitches by itself. Our choice.
BESIDE_TALK_S, FEWEST_APART = 1.0, 3
LID_S = 0.1  # on either side of a single movement's peak, in which both lids are looked at
TALK: frozenset[RejectedKind] = frozenset({"speech", "expression"})


def is_part(event: Candidate, slow: Sequence[Candidate]) -> bool:
    """Say whether an event is no more than the beginning, the end or the flank of a slower movement near it."""
    return any(
        other.onset_s - PART_MARGIN_S <= event.peak_s <= other.offset_s + PART_MARGIN_S
        and event.amplitude_px < other.amplitude_px
        and np.hypot(event.x_px - other.x_px, event.y_px - other.y_px)
        < PART_SIGMA * max(event.sigma_px, other.sigma_px)
        for other in slow
    )


def without_crossings(events: Sequence[Candidate], signals: MotionSignals) -> list[Candidate]:
    """Leave out what moves beside something that crosses: single events, and sites that move mostly then.

    What is covered is not measured, but its edge pulls the skin beside it along.
    """
    beside = {id(event) for event in events if _is_beside_cover(event, signals)}
    sites: dict[int, list[bool]] = {}
    for event in events:
        sites.setdefault(event.seed, []).append(id(event) in beside)
    shady = {seed for seed, flags in sites.items() if np.mean(flags) > CROSSING_SHARE}
    return [event for event in events if id(event) not in beside or not (event.is_single or event.seed in shady)]


def _is_beside_cover(event: Candidate, signals: MotionSignals) -> bool:
    during = np.abs(signals.time_s - event.peak_s) <= CROSSING_S
    near = np.hypot(*(signals.point_px - np.array([event.x_px, event.y_px])).T) < CROSSING_SIGMA * event.sigma_px
    return bool(signals.covered[np.ix_(during, near)].any())


def without_mimic(
    events: Sequence[Candidate], known: Sequence[RejectedMovement], signals: MotionSignals, regions: RegionTrack
) -> tuple[list[Candidate], list[RejectedMovement]]:
    """Leave out what blinks and words explain; give the rest, and the movements by which that is known.

    Parameters
    ----------
    known : movements that landmarks, the picture and its rhythms show.
    """
    lids = of_both_lids(events, signals, regions)
    others = [event for event in events if event not in lids]
    kept = without_talk(others, known, signals, regions)
    dropped = [event for event in others if event not in kept]
    return kept, [*(widened(one, dropped) for one in known), *blinks_of(lids, known)]


def without_talk(
    events: Sequence[Candidate], known: Sequence[RejectedMovement], signals: MotionSignals, regions: RegionTrack
) -> list[Candidate]:
    """Leave out sites of mouth and chin that move just before, between and after words or smiles, and hardly else.

    Lips part before they part by enough to be told from rest.
    """
    talk = [one for one in known if one.kind in TALK]
    beside = {
        id(event)
        for event in events
        if not event.is_seen_in_speech
        and region_at(event, signals, regions)[0] in MOUTH_REGIONS
        and any(_is_beside(event, one) for one in talk)
    }
    apart: dict[int, int] = {}
    for event in events:
        apart[event.seed] = apart.get(event.seed, 0) + (id(event) not in beside)
    doubtful = {event.seed for event in events if id(event) in beside and apart[event.seed] < FEWEST_APART}
    return [event for event in events if event.seed not in doubtful]


def widened(movement: RejectedMovement, dropped: Sequence[Candidate]) -> RejectedMovement:
    """Words and smiles last as long as what was left out for them."""
    own = [event for event in dropped if movement.kind in TALK and _is_beside(event, movement)]
    onset_s = min([movement.onset_s, *(event.onset_s for event in own)])
    return replace(movement, onset_s=onset_s, offset_s=max([movement.offset_s, *(event.offset_s for event in own)]))


def _is_beside(event: Candidate, talk: RejectedMovement) -> bool:
    return talk.onset_s - BESIDE_TALK_S <= event.peak_s <= talk.offset_s + BESIDE_TALK_S


def of_both_lids(events: Sequence[Candidate], signals: MotionSignals, regions: RegionTrack) -> list[Candidate]:
    """Single movements of an upper lid in which the other one takes part: blinks that landmarks do not show."""
    lids_px = sides_px(signals, regions, "upper-eyelid")[..., 1]
    if not np.isfinite(lids_px).any(0).all():
        return []
    least_px = SMALLEST_LIFT_IOD * face_width_px(regions)

    def is_shared(event: Candidate) -> bool:
        apart_s = np.abs(signals.time_s - event.peak_s)
        during, beside = apart_s <= LID_S, (apart_s > 2 * LID_S) & (apart_s <= 5 * LID_S)
        if not during.any() or not beside.any():
            return False
        right, left = np.nanmean(lids_px[during], axis=0) - np.nanmedian(lids_px[beside], axis=0)
        return abs(float(together(right[None, None], left[None, None])[0, 0])) > least_px

    return [
        event
        for event in events
        if event.is_single and region_at(event, signals, regions)[0] == "upper-eyelid" and is_shared(event)
    ]


def blinks_of(events: Sequence[Candidate], known: Sequence[RejectedMovement]) -> list[RejectedMovement]:
    """Name movements of both lids, each moment once, unless it has a name."""
    found: list[RejectedMovement] = []
    for event in sorted(events, key=lambda event: event.peak_s):
        labels = tuple(region_label("upper-eyelid", side) for side in ("right", "left"))
        one = RejectedMovement("blink", event.onset_s, event.peak_s, event.offset_s, labels)
        found += besides([one], [*found, *(other for other in known if other.kind in ("blink", "eye-movement"))])
    return found
