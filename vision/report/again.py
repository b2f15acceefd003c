"""What the statistics counted on, put together again from a result: for pictures, and for a review."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from vision.model.events import EventSet, RegionObservation, Site, TwitchEvent
from vision.model.result import ResultDocument
from vision.settings import Settings


def event_set_of(
    document: ResultDocument, events: tuple[TwitchEvent, ...] | None = None, new_sites: tuple[Site, ...] = ()
) -> EventSet | None:
    """Give the carrier that the statistics take.

    Parameters
    ----------
    events : in place of the program's own, as after a review; sites without an event are then left out.
    new_sites : places that only a person saw.

    Returns
    -------
    None where the result was written before it carried its clock.
    """
    clock = document.clock
    if clock is None:
        return None
    counted = document.events if events is None else events
    sites = tuple(_with_count(site, counted) for site in (*document.sites, *new_sites))
    return EventSet(
        events=counted,
        rejected=document.rejected,
        sites=sites if events is None else tuple(site for site in sites if site.event_count),
        closures=clock.closures,
        observed=tuple(RegionObservation(one.name, one.side, one.observed_s) for one in document.regions),
        observed_s=document.quality.observed_s,
        observed_intervals_s=clock.observed_intervals_s,
        frame_interval_s=clock.frame_interval_s,
        dead_time_s=clock.dead_time_s,
    )


def seed_of(document: ResultDocument) -> int:
    """Give the seed of the analysis: it comes from the clip."""
    return int(document.clip.sha256[:8], 16)


def settings_of(document: ResultDocument) -> Settings:
    """Give the settings of the analysis; today's where the result does not carry them or they are of another time."""
    try:
        return Settings() if document.settings is None else Settings.model_validate(document.settings)
    except ValidationError:
        return Settings()


def _with_count(site: Site, events: tuple[TwitchEvent, ...]) -> Site:
    return replace(site, event_count=sum(event.site == site.id for event in events))
