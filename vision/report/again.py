"""What the statistics counted on, put together again from a result: for pictures, and for a review."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from vision.model.events import EventSet, RegionObservation, Site, TwitchEvent
from vision.model.result import ResultDocument
from vision.settings import Settings, settings_sha256

OTHER_RULES = (
    "The settings of this analysis cannot be had again: bursts, chance and reviewed figures go by those of today."
)


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
    """Give the settings of the analysis; today's where they cannot be had again, of which `counts_as_then` tells."""
    try:
        return Settings() if document.settings is None else Settings.model_validate(document.settings)
    except ValidationError:
        return Settings()


def counts_as_then(document: ResultDocument) -> bool:
    """Whether statistics counted again today go by the rules of the analysis.

    Only the section `features` counts here. A result without its settings has no more of them than their hash.
    """
    if document.settings is None:
        return document.software.settings_sha256 == settings_sha256(Settings())
    return settings_of(document).features.model_dump(mode="json") == document.settings.get("features")


def settings_note(document: ResultDocument) -> str:
    """Say that what the report counts again goes by other rules; nothing where it does not, or counts nothing."""
    if document.clock is None or counts_as_then(document):
        return ""
    return OTHER_RULES


def _with_count(site: Site, events: tuple[TwitchEvent, ...]) -> Site:
    return replace(site, event_count=sum(event.site == site.id for event in events))
