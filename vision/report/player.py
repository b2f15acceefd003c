"""What makes the page move: the films inside it, and the figures that its one script reads."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from vision.errors import OutputError
from vision.model.result import AnalysisResult
from vision.report import text
from vision.report.films import Films
from vision.report.reviewed import ReviewedView

NO_CLIP = "No film: the clip was not given. Draw the report again with the clip to see each twitch."
NO_VIDEO = "No film: it was left out on request."


@dataclass(frozen=True)
class FilmElement:
    """One film inside of the page."""

    name: str
    label: str
    uri: Markup


def script() -> tuple[Markup, str]:
    """Give the page's own script, and the hash by which the page's policy lets it run and no other."""
    source = (files("vision.report") / "templates" / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return Markup(source), f"sha256-{digest}"  # noqa: S704 ours, from the package


def film_elements(films: Films | None) -> list[FilmElement]:
    """Put the films into the page."""
    if films is None:
        return []
    found = [("marked", "The film with marks", films.for_page or _content(films.overlay))]
    if films.magnified is not None and films.factor is not None:
        label = f"Held still, movement × {films.factor:g}"
        found.append(("magnified", label, _content(films.magnified)))
    return [FilmElement(name, label, _data_uri(content)) for name, label, content in found]


def _data_uri(content: bytes) -> Markup:
    return Markup("data:video/mp4;base64,") + base64.b64encode(content).decode()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutputError(f"{path.name} cannot be read again", "the film just written", "try again") from error


def script_data(
    result: AnalysisResult, slowdown: float, result_sha256: str, reviewed: ReviewedView | None
) -> dict[str, Any]:
    """Say what the script needs to know, as JSON can say it: of each twitch its number, onset, peak, site and size."""
    document, time_s = result.document, result.signals.time_s
    return {
        "duration_s": document.clip.duration_s,
        "frame_s": float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0,
        "slowdown": slowdown,
        "result_sha256": result_sha256,
        "sites": {site.id: text.place(site.region, site.side) for site in document.sites},
        "regions": [[region.name, region.side, text.place(region.name, region.side)] for region in document.regions],
        "region_of_site": {
            site.id: index
            for site in document.sites
            for index, region in enumerate(document.regions)
            if (region.name, region.side) == (site.region, site.side)
        },
        "events": [
            [event.id, round(event.onset_s, 5), round(event.peak_s, 5), event.site, round(event.amplitude_px, 2)]
            for event in document.events
        ],
        "review": None if reviewed is None else _said(reviewed),
    }


def _said(reviewed: ReviewedView) -> dict[str, Any]:
    """Hand the review on, so that it can be gone on with."""
    return {
        "reviewer": reviewed.reviewer,
        "remark": reviewed.remark,
        "decisions": [one.model_dump() for one in reviewed.decisions],
        "added": [one.model_dump() for one in reviewed.added],
    }
