"""Sites that move along with something that has a name: with blinks, with movements of the whole part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.model.arrays import BoolArray, FloatArray
from vision.twitch.detect import Candidate
from vision.twitch.set_apart import PART_MARGIN_S
from vision.twitch.strength import grow

BESIDE_BLINK_S = 0.35  # before and after a blink, in which lids settle and an encoder draws them anew. Our choice
BLINK_RATIO = 3.0  # of the site's other twitches, from which what moves it during a blink is the blink. Our choice
# Below it, in so many blinks, it is what blinks leave there: simulated, 0.35-0.56 of the other twitches in three to ten
# blinks; true twitches are so weak in two of seven at most. Our choice
TRACE_RATIO, FEWEST_TRACES = 0.56, 3
# Of the height of another site's twitches, below which what is left beside it and comes with blinks is theirs: 0.3 and
# 0.6; twitches that blinks hide from that site have 0.9 and more (simulated). Our choice
LEFT_RATIO = 0.7
# Of a site's events that come with blinks or with movements of the whole because of them, and of the largest
# displacement then. What grimaces and smiles pull along has 0.7-0.8 and 0.03-0.11; wide twitches, which look like the
# whole, 0.3-0.4 and 0.4-0.6 (simulated).
PART_SHARE, PART_RATIO = 0.5, 0.25


def without_blinks(events: Sequence[Candidate], lids: BoolArray) -> list[Candidate]:
    """Leave out what (T,) frames of blinks do to a site: far more than its twitches do at other times, or, in blink
    after blink, far less.
    """
    apart_px = [event.amplitude_px for event in events if not lids[event.frame]]
    if not apart_px:
        return list(events)
    usual_px = float(np.median(apart_px))
    inside = [event for event in events if lids[event.frame]]
    dropped = [event for event in inside if event.amplitude_px > BLINK_RATIO * usual_px]
    traces = [event for event in inside if event.amplitude_px < TRACE_RATIO * usual_px]
    if _count_blinks(traces, lids) >= FEWEST_TRACES:
        dropped += traces
    return [event for event in events if event not in dropped]


def share_of_blinks(events: Sequence[Candidate], lids: BoolArray, seen: BoolArray, time_s: FloatArray) -> float:
    """Share of a site's events that come in or beside a blink because of it, not by chance: see `share_during`.

    Parameters
    ----------
    lids, seen : (T,) frames of blinks, and those in which the site is seen.
    """
    return share_during(events, grow(lids, time_s, BESIDE_BLINK_S), seen)


def share_during(events: Sequence[Candidate], during: BoolArray, seen: BoolArray) -> float:
    """Share of a site's events that come in some frames because of what happens there, not by chance.

    Parameters
    ----------
    during, seen : (T,) these frames, and those in which the site is seen.

    Returns
    -------
    0 where as many come then as their share of the seen time and one standard deviation have it, 1 where all do and
    such frames are rare.
    """
    by_chance = float(during[seen].mean()) if seen.any() else 1.0
    if not events or by_chance in (0.0, 1.0):
        return 0.0
    chance_sd = float(np.sqrt(by_chance * (1 - by_chance) / len(events)))
    found = float(np.mean([during[event.frame] for event in events]))
    return max(0.0, (found - by_chance - chance_sd) / (1 - by_chance))


def without_parts(
    events: Sequence[Candidate], whole: BoolArray, largest_px: FloatArray, seen: BoolArray, time_s: FloatArray
) -> list[Candidate]:
    """Leave out sites that move nearly only while far more of the part moves, and by far more than they do.

    A brow that goes along with a grimace; its movement has the name of the whole. A twitch so wide that it looks like
    one moves its own place the most.

    Parameters
    ----------
    whole, seen : (T,) frames in which the whole part moves, and those in which it is in view.
    largest_px : (T,) the largest displacement of any place.
    """
    during = grow(whole, time_s, PART_MARGIN_S)

    def is_part_of_whole(own: list[Candidate]) -> bool:
        if share_during(own, during, seen) < PART_SHARE:
            return False
        ratios = [event.amplitude_px / max(largest_px[event.frame], 1e-9) for event in own if during[event.frame]]
        return float(np.median(ratios)) < PART_RATIO

    parts = {seed for seed, own in _sites(events).items() if is_part_of_whole(own)}
    return [event for event in events if event.seed not in parts]


def without_blink_sites(events: Sequence[Candidate], lids: BoolArray, seen: BoolArray) -> list[Candidate]:
    """Leave out sites that move mostly while eyes blink, in blink after blink, and less than another one twitches.

    What is left beside a twitching lid, once its twitches are taken, is what blinks do there; or, as high as they, its
    twitches where blinks hide them from its best place.

    Parameters
    ----------
    lids, seen : (T,) frames of blinks, and those in which the whole part is in view.
    """
    sites = _sites(events)
    height_px = {seed: float(np.median([event.amplitude_px for event in own])) for seed, own in sites.items()}
    blinks = {
        seed
        for seed, own in sites.items()
        if height_px[seed] < LEFT_RATIO * max(height_px.values())
        and share_during(own, lids, seen) > PART_SHARE
        and _count_blinks(own, lids) >= FEWEST_TRACES
    }
    return [event for event in events if event.seed not in blinks]


def _count_blinks(events: Sequence[Candidate], lids: BoolArray) -> int:
    """Count the blinks in which some of the events lie."""
    number = np.cumsum(np.diff(lids, prepend=False))
    return len({int(number[event.frame]) for event in events if lids[event.frame]})


def _sites(events: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    """Give the events of each site of repeated twitches."""
    sites: dict[int, list[Candidate]] = {}
    for event in events:
        if not (event.is_single or event.is_continuous):
            sites.setdefault(event.seed, []).append(event)
    return sites
