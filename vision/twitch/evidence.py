"""What the features say to each condition of the label table: memberships between 0 and 1, softened by the counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betainc, expit, gammainc

from vision.model.events import EventSet
from vision.model.features import Features
from vision.model.regions import View
from vision.model.result import Quality, RegionLimit
from vision.settings import PatternSettings
from vision.twitch.places import Place, find_places, stray_mean
from vision.twitch.synchrony import coincident_share, excess_share, expected_share

DUTY_SOFTNESS = 0.04  # width of the step at the duty cycle of `sustained-facial`; ours, unvalidated
RUN_SOFTNESS_S = 0.5  # and at the length of its runs: about one pause that does not end a run
PLACE_SOFTNESS = 0.25  # width of the step at the number of places: 2 places 0.12, 3 places 0.88
TOGETHER_SOFTNESS = 0.08  # width of the step at the share of events that several places have in common


@dataclass(frozen=True)
class Case:
    """All that the label table looks at."""

    events: EventSet
    features: Features
    quality: Quality
    view: View
    settings: PatternSettings

    @property
    def limit_of_detection(self) -> tuple[float | None, float, str]:
        """The limit, what it has to reach, and the unit: iod where a scale is known, pixels off the face.

        It is the worst region's, but for a few coarse ones, of which `no-twitch` is then not said.
        """
        worst, finest, unit = self._worst_limit
        left_out = self.coarse_regions
        fine = [_length(one.limit_of_detection_iod) for one in self.quality.region_limits if one not in left_out]
        known = [limit for limit in fine if limit is not None]
        return (max(known) if left_out and known else worst), finest, unit

    @property
    def coarse_regions(self) -> tuple[RegionLimit, ...]:
        """Regions of a face too smooth or too dim for `no-twitch`, where they are few: a forehead, a chin in shadow."""
        limits, finest = self.quality.region_limits, self.settings.finest_limit_iod
        coarse = tuple(one for one in limits if one.limit_of_detection_iod and one.limit_of_detection_iod > finest)
        return coarse if len(coarse) <= self.settings.coarse_region_share * len(limits) else ()

    @property
    def _worst_limit(self) -> tuple[float | None, float, str]:
        if self.quality.limit_of_detection_iod is not None:
            return _length(self.quality.limit_of_detection_iod), self.settings.finest_limit_iod, "iod"
        limit_px = None if self.view == "face" else self.quality.limit_of_detection_px
        return _length(limit_px), self.settings.finest_limit_px, "px"


def _length(limit: float | None) -> float | None:
    """Take a limit that is no length for one that is not known."""
    return limit if limit is not None and 0 < limit < math.inf else None


@dataclass(frozen=True)
class Evidence:
    """The memberships of the table's conditions, 0-1, and the places that they rest on.

    real : the events are more than stray detections.
    continuous : active most of the time.
    one_place : a single place moves, and enough was seen to say so.
    moving_about : three or more places in turn, none with more than half of the events.
    together : share of events that peak together with one of another place, beyond chance; None with a single place.
    quiet_call : nothing seen means something here: limit fine, watched long enough, eyes ordinary.
    """

    places: tuple[Place, ...]
    real: float
    continuous: float
    one_place: float
    moving_about: float
    together: float | None
    quiet_call: float

    @property
    def main_places(self) -> tuple[Place, ...]:
        """Places that count: those with a weight of a half or more."""
        return tuple(place for place in self.places if place.weight >= 0.5)

    @property
    def is_one_lid(self) -> bool:
        """True where all that counts lies in the lids of one side."""
        return len(self.main_places) == 1 and self.main_places[0].is_lid


def weigh_evidence(case: Case) -> Evidence:
    """Turn features into the memberships of the table's conditions."""
    places = find_places(case.events, case.view, case.settings)
    together = _together_share(case.events, places, case.settings)
    return Evidence(
        places=places,
        real=_real(places, case.events.observed_s, case.settings),
        continuous=_continuous(case.features, case.settings),
        one_place=_one_place(places, case.settings),
        moving_about=_moving_about(places, together, case.settings),
        together=together,
        quiet_call=_quiet_call(case),
    )


def _real(places: tuple[Place, ...], observed_s: float, settings: PatternSettings) -> float:
    """Probability that the events are more than strays.

    So many strays in this time by chance, and the rest of the busiest place's fallen where its first one fell.
    """
    count = sum(place.event_count for place in places)
    if not count:
        return 0.0
    that_many = float(gammainc(count, stray_mean(observed_s, settings)))  # of a Poisson count
    return 1.0 - that_many * settings.same_place_chance ** (places[0].event_count - 1)


def _continuous(features: Features, settings: PatternSettings) -> float:
    duty, run_s = features.frequency.duty_cycle or 0.0, features.frequency.longest_run_s or 0.0
    by_duty = expit((duty - settings.sustained_duty_cycle) / DUTY_SOFTNESS)
    return float(max(by_duty, expit((run_s - settings.sustained_run_s) / RUN_SOFTNESS_S)))


def _one_place(places: tuple[Place, ...], settings: PatternSettings) -> float:
    """No second place counts, times the probability that a second one would have shown itself by now."""
    if not places:
        return 0.0
    # Single events elsewhere are strays together or not at all: the largest of their weights stands for all.
    several = [place.weight for place in places[1:] if place.event_count > 1]
    singles = max((place.weight for place in places[1:] if place.event_count == 1), default=0.0)
    alone = 1.0 - singles
    for weight in several:
        alone *= 1.0 - weight
    return alone * (1.0 - (1.0 - settings.hidden_place_share) ** places[0].event_count)


def _moving_about(places: tuple[Place, ...], together: float | None, settings: PatternSettings) -> float:
    """Enough places, none with more than half of the events (a Jeffreys posterior), and not all at once."""
    if len(places) < 2:
        return 0.0
    number = expit((sum(place.weight for place in places) - (settings.smallest_place_count - 0.5)) / PLACE_SOFTNESS)
    count, most = sum(place.event_count for place in places), places[0].event_count
    none_over_half = betainc(most + 0.5, count - most + 0.5, settings.largest_migrating_share)
    in_turn = expit((settings.together_share - (together or 0.0)) / TOGETHER_SOFTNESS)
    return float(number * none_over_half * in_turn)


def _together_share(events: EventSet, places: tuple[Place, ...], settings: PatternSettings) -> float | None:
    """Share of events that move together with another place, beyond chance: several places at once are one movement."""
    place_of = {site: i for i, place in enumerate(places) for site in place.site_ids}
    groups = [place_of[event.site] for event in events.events]
    lag_s = settings.one_movement_lag_s
    share = coincident_share(groups, [event.peak_s for event in events.events], lag_s)
    return None if share is None else excess_share(share, expected_share(groups, events.observed_s, lag_s))


def _quiet_call(case: Case) -> float:
    """How much "nothing seen" says: the power at the limit of detection, less where the limit is coarse."""
    limit, finest, _ = case.limit_of_detection
    watched = case.events.observed_s >= case.settings.smallest_observed_s
    if limit is None or not watched or not case.quality.usable or case.features.eye_closure.is_finding:
        return 0.0
    return case.settings.limit_power * min(1.0, (finest / limit) ** 2)
