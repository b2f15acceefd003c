"""What other programs and the patient's file get: PDF, FHIR, Parquet; hostile texts stay texts."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import numpy as np
import pypdf
import pytest

from tests import builders
from vision.context import parse_context, questions
from vision.model.drawing import Drawing
from vision.model.result import Quality, QualityWarning, Recording
from vision.report import fhir, pdf, tables, text, traces
from vision.report.draw import draw
from vision.report.parquet import write_parquet
from vision.report.reviewed import ReviewedView

HOSTILE = "<script>alert(1)</script> \"quotes' & \u202e عربى 😀 =1+1 <b>x</b> " + "x" * 10_000
ALL = [builders.focal_result, builders.rest_result, builders.unsettled_result, builders.skin_result,
       builders.sustained_result]  # fmt: skip


REGIONS = [(name, side) for name in ("upper-eyelid", "lower-eyelid", "brow", "cheek", "mouth-corner", "upper-lip")
           for side in ("right", "left")] + [("chin", "midline")]  # fmt: skip


def words_of(path):
    reader = pypdf.PdfReader(path)
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split()), reader


@pytest.mark.parametrize("build", ALL)
def test_every_pdf_says_the_answer_and_the_wording_on_two_pages(tmp_path, build):
    result = build()
    pdf.write_pdf(result, tmp_path / "a.pdf", None)
    words, reader = words_of(tmp_path / "a.pdf")
    assert len(reader.pages) <= 2
    assert text.REQUIRED_WORDING in words
    assert text.answer_sentence(result.document) in words
    assert "/CreationDate" not in reader.metadata or "2000" in reader.metadata["/CreationDate"]


def test_the_same_result_gives_the_same_pdf(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        pdf.write_pdf(builders.focal_result(), tmp_path / name, None)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_hostile_texts_are_texts_in_the_pdf(tmp_path):
    quality = Quality(True, 29.3, None, None, (QualityWarning("x", HOSTILE, HOSTILE),))
    result = builders.focal_result(quality=quality, reasons=(HOSTILE,))
    pdf.write_pdf(result, tmp_path / "a.pdf", None, ReviewedView(HOSTILE, HOSTILE, HOSTILE))
    words, reader = words_of(tmp_path / "a.pdf")
    assert "<script>alert(1)</script>" in words
    assert len(reader.pages) <= 2
    assert not any("/JS" in str(page) or "/Annots" in page for page in reader.pages)


def test_the_pdf_says_what_was_said_of_the_film_and_by_the_patient(tmp_path):
    result = builders.focal_result()
    context = parse_context({"history": {"medication": "none"}}, datetime.date(2026, 11, 27), "test")
    said = Recording("left calf", "left", "2026-11-20", None)
    whole = replace(result, document=result.document.model_copy(update={"recording": said, "context": context}))
    pdf.write_pdf(whole, tmp_path / "a.pdf", None)
    words, _ = words_of(tmp_path / "a.pdf")
    assert "Film. Body part: left calf. Side: left. Filmed on: 2026-11-20." in words
    assert "The patient says. Which medicines? none." in words
    assert "Mirrored" not in words


def test_no_answer_of_the_patient_is_cut_in_the_pdf(tmp_path):
    said = {"history": dict.fromkeys(("how_often", "where", "medication"), "now and then " * 15)}
    for section in ("course", "signs", "triggers", "background"):
        said[section] = {question.key: "yes" for question in questions() if question.section == section}
    context = parse_context(said, datetime.date(2026, 11, 27), "test")
    result = builders.focal_result()
    whole = replace(result, document=result.document.model_copy(update={"context": context}))
    pdf.write_pdf(whole, tmp_path / "a.pdf", None)
    words, reader = words_of(tmp_path / "a.pdf")
    assert len(reader.pages) <= 2
    assert "…" not in words
    assert all(question.text in words for question in questions() if question.section in ("signs", "triggers"))


def many_regions(count):
    places = [(name, side, 150 + 20 * k, 270 + 20 * k) for k, (name, side) in enumerate(REGIONS[:count])]
    sites = [builders.make_site(k + 1, *place, event_count=1) for k, place in enumerate(places)]
    events = [builders.make_event(k + 1, 0.5 + 0.5 * k, site) for k, site in enumerate([*sites, sites[-1]])]
    return builders.make_result(events, sites, label="indeterminate", regions=places)


@pytest.mark.parametrize(("count", "said"), [(10, ""), (11, "1 more region in report.html."),
                                             (13, "3 more regions in report.html.")])  # fmt: skip
def test_regions_that_have_no_lane_in_the_pdf_are_counted_in_words(tmp_path, count, said):
    result = many_regions(count)
    pdf.write_pdf(result, tmp_path / "a.pdf", None)
    words, reader = words_of(tmp_path / "a.pdf")
    assert (said in words) if said else ("in report.html" not in words)
    assert len(reader.pages) <= 2
    assert pdf.twitching_regions(result.document)[0] == text.place(*REGIONS[count - 1])  # the busiest first


def test_a_reviewed_pdf_shows_the_reviewed_figures_and_the_programs_own(tmp_path):
    view = ReviewedView(
        "Reviewed by X.", "", "fine", [("Twitches", "14", "9"), ("LV", "1.1", "1.1")], counts="5 rejected."
    )
    pdf.write_pdf(builders.focal_result(), tmp_path / "a.pdf", None, view)
    words, _ = words_of(tmp_path / "a.pdf")
    assert "9; by the program: 14" in words
    assert words.count("by the program") == 1
    assert "Reviewed by X. 5 rejected." in words
    assert "Remark: fine" in words


def test_the_bundle_fits_r4b_and_names_no_disease():
    from fhir.resources.R4B.bundle import Bundle

    document = builders.focal_result().document
    told = json.loads(fhir.fhir_bundle(document))
    Bundle.model_validate(told)
    report, *observations = [entry["resource"] for entry in told["entry"]]
    assert {entry["fullUrl"] for entry in told["entry"][1:]} == {one["reference"] for one in report["result"]}
    by_code = {one["code"]["coding"][0]["code"]: one for one in observations}
    assert by_code["rate"]["valueQuantity"] == {
        "value": 28.7, "unit": "per minute", "system": "http://unitsofmeasure.org", "code": "/min",
    }  # fmt: skip
    assert text.REQUIRED_WORDING in report["conclusion"]
    assert not any(word in json.dumps(told) for word in ("snomed", "icd", "conclusionCode"))
    assert fhir.fhir_bundle(document) == fhir.fhir_bundle(document)


def urls_of(document, view=None):
    return [entry["fullUrl"] for entry in json.loads(fhir.fhir_bundle(document, view))["entry"]]


def test_other_contents_have_other_identifiers_and_the_same_ones_the_same():
    document = builders.focal_result().document
    other = builders.focal_result(reasons=("Another.",)).document  # same clip, same settings
    views = [ReviewedView("R", "", "", sha256=sha256, features=document.features) for sha256 in ("ab", "cd")]
    sets = [urls_of(document), urls_of(other), *(urls_of(document, view) for view in views)]
    assert len({url for urls in sets for url in urls}) == sum(map(len, sets))
    assert sets == [urls_of(document), urls_of(other), *(urls_of(document, view) for view in views)]


# What R4B (4.3.0) changed since R4 (4.0.1) is listed in https://hl7.org/fhir/R4B/history.html: none of these resources
# and types. Whoever adds another element looks there first.
SAME_IN_401 = {
    "Bundle": {"resourceType", "type", "entry"},
    "Observation": {"resourceType", "status", "code", "valueQuantity", "dataAbsentReason", "note"},
    "DiagnosticReport": {"resourceType", "status", "code", "result", "conclusion"},
}


@pytest.mark.parametrize("is_reviewed", [False, True])
def test_only_elements_that_r4_and_r4b_share_are_used(is_reviewed):
    document = builders.focal_result().document
    view = ReviewedView(HOSTILE, "", "", features=document.features) if is_reviewed else None
    told = json.loads(fhir.fhir_bundle(document, view))
    for resource in [told, *(entry["resource"] for entry in told["entry"])]:
        assert set(resource) <= SAME_IN_401[resource["resourceType"]]
    assert all(set(entry) == {"fullUrl", "resource"} for entry in told["entry"])


def test_what_was_not_measured_is_absent_and_never_zero():
    told = json.loads(fhir.fhir_bundle(builders.rest_result().document))
    by_code = {one["resource"]["code"].get("coding", [{}])[0].get("code"): one["resource"] for one in told["entry"]}
    assert "valueQuantity" not in by_code["dominant-frequency"]
    assert by_code["dominant-frequency"]["dataAbsentReason"]


def test_parquet_holds_the_traces_with_null_for_not_measured(tmp_path):
    import pyarrow.parquet as pq

    result = builders.focal_result()
    write_parquet(result, tmp_path / "s.parquet")
    table = pq.read_table(tmp_path / "s.parquet")
    assert table.column_names == ["time_s", "site_1_px"]
    assert np.array_equal(table["time_s"].to_numpy(), result.signals.time_s)
    site = result.document.sites[0]
    wanted = traces.pool_trace(result.signals, site, traces.direction_of_site(site, result.document.events))
    got = np.array([np.nan if one is None else one for one in table["site_1_px"].to_pylist()])
    assert np.allclose(got, wanted, equal_nan=True, atol=1e-5)
    assert table["site_1_px"].null_count == int(np.isnan(wanted).sum()) > 0


def test_draw_writes_what_is_asked_for(tmp_path):
    result = builders.focal_result()
    draw(result, tmp_path, None, Drawing(pdf=True, fhir=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fhir.json", "report.html", "report.pdf", "signals.parquet",
    ]  # fmt: skip


def test_a_result_without_sites_has_a_table_of_times(tmp_path):
    import pyarrow.parquet as pq

    result = builders.rest_result()
    write_parquet(replace(result), tmp_path / "s.parquet")
    assert pq.read_table(tmp_path / "s.parquet").column_names == ["time_s"]


def test_every_row_of_the_pdf_is_one_of_the_report():
    known = {row.name for _, rows in tables.feature_groups(builders.focal_result().document) for row in rows}
    assert set(pdf.ROWS) <= known


def test_a_row_of_the_pdf_whose_name_moved_is_an_error_and_not_left_out(tmp_path, monkeypatch):
    pdf.write_pdf(builders.focal_result(), tmp_path / "a.pdf", None)
    assert "Time in movement 14 %" in words_of(tmp_path / "a.pdf")[0]
    monkeypatch.setattr(pdf, "ROWS", (*pdf.ROWS, "In movement"))
    with pytest.raises(KeyError, match="In movement"):
        pdf.write_pdf(builders.focal_result(), tmp_path / "b.pdf", None)
