"""fhir.json: an HL7 FHIR R4 bundle of a DiagnosticReport and its Observations. Measured quantities, never a disease.

Built with the R4B models of fhir.resources, from elements that are the same in R4 (4.0.1) and R4B (4.3.0): no more
than status, code, text, quantities with UCUM units, a note that a person reviewed them, and references within the
bundle.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from vision.errors import ResultFileError
from vision.model.features import Features
from vision.model.result import ResultDocument
from vision.report.export import result_sha256
from vision.report.reviewed import ReviewedView
from vision.report.text import REQUIRED_WORDING, answer_sentence

UCUM = "http://unitsofmeasure.org"
CODES = "urn:twitchscope:measure"  # ours: LOINC has no code for movement measured in video
NAMESPACE = uuid.UUID("6f1b1a52-6f0e-4b5e-9d0c-3a3f6f6c7a10")  # any fixed one: same result, same identifiers


@dataclass(frozen=True)
class Quantity:
    """One measured value; `unit` in words, `ucum` as a machine reads it. A value of None: not measured."""

    code: str
    words: str
    value: float | int | None
    unit: str
    ucum: str


def quantities(document: ResultDocument) -> list[Quantity]:
    """List what is handed over."""
    f, s, q = document.features.frequency, document.features.spread, document.quality
    return [
        Quantity("event-count", "Twitches seen", f.event_count, "twitches", "{twitches}"),
        Quantity("observed-time", "Time of clear view", q.observed_s, "s", "s"),
        Quantity("rate", "Twitches per minute of clear view", f.rate_per_min, "per minute", "/min"),
        Quantity("duty-cycle", "Share of the clear view in movement", _percent(f.duty_cycle), "%", "%"),
        Quantity("dominant-frequency", "Rate within bursts at the busiest place", f.dominant_hz, "Hz", "Hz"),
        Quantity("site-count", "Places that twitched", s.site_count, "places", "{places}"),
        Quantity("limit-of-detection", "Smallest twitch that would be seen", q.limit_of_detection_px, "px", "{pixels}"),
    ]


def fhir_bundle(document: ResultDocument, reviewed: ReviewedView | None = None) -> str:
    """Write the bundle as JSON; the models refuse what the standard would refuse.

    `reviewed` : its figures take the place of the program's own; the conclusion and a note on each of them say so.

    Raises
    ------
    ResultFileError
        The reviewed figures cannot be recalculated: the program's own must not pass for reviewed ones.
    """
    from fhir.resources.R4B.bundle import Bundle

    told = f"{result_sha256(document)}/{reviewed.sha256 if reviewed else ''}"  # as analysed, and as reviewed
    if reviewed is not None:
        document = document.model_copy(update={"features": require_reviewed_figures(reviewed)})
    note = reviewed.headline if reviewed else ""
    report_url = _url(told, "report")
    observations = [(_url(told, one.code), _observation(one, note)) for one in quantities(document)]
    entries = [{"fullUrl": report_url, "resource": _report(document, [url for url, _ in observations], reviewed)}]
    entries += [{"fullUrl": url, "resource": observation} for url, observation in observations]
    bundle = Bundle.model_validate({"resourceType": "Bundle", "type": "collection", "entry": entries})
    return str(bundle.model_dump_json(indent=2)) + "\n"


def require_reviewed_figures(reviewed: ReviewedView) -> Features:
    """Give the reviewed figures. Raises as `fhir_bundle`."""
    if reviewed.features is None:
        raise ResultFileError(
            "--fhir with a review whose figures cannot be recalculated: the result lacks its clock",
            "a result of this version",
            "analyse the clip again, or leave out --review or --fhir",
        )
    if not reviewed.counts_as_then:
        raise ResultFileError(
            "--fhir with a review of a result whose settings cannot be had again: it would be counted by other rules",
            "a result whose settings this version knows",
            "analyse the clip again, or leave out --review or --fhir",
        )
    return reviewed.features


def _observation(one: Quantity, note: str) -> dict[str, Any]:
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "preliminary",
        "code": {"coding": [{"system": CODES, "code": one.code, "display": one.words}], "text": one.words},
    }
    if one.value is None:
        missing = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
        observation["dataAbsentReason"] = {"coding": [{"system": missing, "code": "not-performed"}]}
    else:
        value = round(float(one.value), 6)
        observation["valueQuantity"] = {"value": value, "unit": one.unit, "system": UCUM, "code": one.ucum}
    if note:
        observation["note"] = [{"text": note}]
    return observation


def _report(document: ResultDocument, observation_urls: list[str], reviewed: ReviewedView | None) -> dict[str, Any]:
    conclusion = f"{answer_sentence(document)} {REQUIRED_WORDING}"
    if reviewed is not None:
        conclusion = f"{reviewed.headline} {reviewed.counts} The pattern is the program's own. {conclusion}"
    return {
        "resourceType": "DiagnosticReport",
        "status": "preliminary",  # a clinician has yet to look at it
        "code": {"text": "Visible twitches measured in video"},
        "result": [{"reference": url} for url in observation_urls],
        "conclusion": conclusion,
    }


def _url(told: str, name: str) -> str:
    """Name a resource by all that it could say: other contents, another name."""
    return f"urn:uuid:{uuid.uuid5(NAMESPACE, f'{told}/{name}')}"


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
