"""A review: read with every check, joined with the events, counted again; the result itself never changes."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from tests import builders
from vision.errors import ResultFileError
from vision.model.drawing import Drawing
from vision.model.result import Clock
from vision.report.again import OTHER_RULES
from vision.report.export import result_sha256
from vision.report.reviewed import read_review, reviewed_events
from vision.review import draw_reviewed, reviewed_features
from vision.settings import Settings


def clocked(settings=None, **changes):
    result = builders.focal_result(**changes)
    clock = Clock(((0.0, 29.3),), 1 / 30, 0.15)
    told = {"clock": clock, "settings": settings or Settings().model_dump(mode="json")}
    return replace(result, document=result.document.model_copy(update=told))


def written(path, result, **changes):
    told = {
        "format": "twitchscope-review", "version": 1, "result_sha256": result_sha256(result.document),
        "reviewer": "Dr <b>X</b>", "reviewed_at": "2026-11-23T01:00:00.000Z", "remark": "all",
        "decisions": [{"event": 1, "verdict": "accepted", "remark": "clear"},
                      {"event": 2, "verdict": "rejected", "remark": "<script>no</script>"}],
        "added": [{"onset_s": 27.5, "site": 1, "remark": "missed"}],
    }  # fmt: skip
    path.write_text(json.dumps({**told, **changes}))
    return path


def test_nothing_judged_changes_no_count(tmp_path):
    result = clocked()
    review = read_review(written(tmp_path / "r.json", result, decisions=[], added=[]), result.document)
    features = reviewed_features(result, reviewed_events(review, result.document), Settings())
    assert features.frequency.event_count == len(result.document.events)


def test_rejected_go_and_added_come(tmp_path):
    result = clocked()
    review = read_review(written(tmp_path / "r.json", result), result.document)
    events = reviewed_events(review, result.document)
    assert [one.verdict for one in events[:3]] == ["accepted", "rejected", None]
    assert events[-1].predicted is None
    features = reviewed_features(result, events, Settings())
    assert features.frequency.event_count == len(result.document.events) - 1 + 1
    assert features.frequency.rate_per_min == pytest.approx(60 * 14 / 29.3)


def test_twitches_that_only_a_person_saw_are_one_new_place_a_region(tmp_path):
    result = clocked()
    region = result.document.regions[3]
    added = [{"onset_s": at_s, "region": region.name, "side": region.side} for at_s in (5.1, 9.3)]
    review = read_review(written(tmp_path / "r.json", result, decisions=[], added=added), result.document)
    events = reviewed_events(review, result.document)
    assert {one.site for one in events if one.verdict == "added"} == {len(result.document.sites) + 1}
    features = reviewed_features(result, events, Settings())
    assert features.frequency.event_count == len(result.document.events) + 2
    assert features.spread.site_count == len(result.document.sites) + 1


def test_a_result_without_a_twitch_can_be_reviewed(tmp_path):
    result = builders.rest_result()
    clock = Clock(((0.0, 11.3),), 1 / 30, 0.15)
    result = replace(result, document=result.document.model_copy(update={"clock": clock}))
    region = result.document.regions[0]
    added = [{"onset_s": at_s, "region": region.name, "side": region.side} for at_s in (2.0, 4.0)]
    path = written(tmp_path / "r.json", result, decisions=[], added=added)
    page = draw_reviewed(result, tmp_path / "out", None, Drawing(review=str(path))).read_text()
    assert "0 of 0 twitches accepted, 0 rejected, 2 added" in page
    assert '<tr><th scope="row">Twitches</th><td>0</td><td>2</td></tr>' in page


def test_fhir_hands_over_the_reviewed_figures_and_says_so(tmp_path):
    result = clocked()
    path = written(tmp_path / "r.json", result, added=[])
    draw_reviewed(result, tmp_path / "out", None, Drawing(review=str(path), fhir=True))
    told = [entry["resource"] for entry in json.loads((tmp_path / "out" / "fhir.json").read_text())["entry"]]
    assert "Reviewed by Dr <b>X</b>" in told[0]["conclusion"]
    assert told[1]["valueQuantity"]["value"] == len(result.document.events) - 1
    assert all("Reviewed by Dr <b>X</b>" in one["note"][0]["text"] for one in told[1:])


def test_fhir_never_hands_over_the_programs_figures_as_reviewed_ones(tmp_path):
    result = builders.focal_result()  # without its clock nothing can be counted again
    path = written(tmp_path / "r.json", result, added=[])
    with pytest.raises(ResultFileError, match="cannot be recalculated"):
        draw_reviewed(result, tmp_path / "out", None, Drawing(review=str(path), fhir=True))
    assert not (tmp_path / "out").exists()


def test_another_review_has_other_identifiers(tmp_path):
    result = clocked()
    found = []
    for name, changes in (("a", {}), ("b", {"reviewer": "Dr Y"}), ("c", {})):
        path = written(tmp_path / f"{name}.json", result, **changes)
        draw_reviewed(result, tmp_path / name, None, Drawing(review=str(path), fhir=True))
        found.append({one["fullUrl"] for one in json.loads((tmp_path / name / "fhir.json").read_text())["entry"]})
    assert not found[0] & found[1]
    assert found[0] == found[2]


def test_no_name_turns_the_line_around_that_it_stands_in(tmp_path):
    """U+202E turns what follows; U+2069 would end an isolation. Letters that run leftwards stay, isolated."""
    result = clocked()
    path = written(tmp_path / "r.json", result, reviewer="\u2069\u202eDr \u05d0\u05d1")
    page = draw_reviewed(result, tmp_path / "out", None, Drawing(review=str(path), fhir=True)).read_text()
    assert page.count("Reviewed by <bdi>Dr \u05d0\u05d1</bdi> on 2026-11-23 01:00.") == 2
    shown = page[: page.index('<script type="application/json"')]
    assert not any(mark in shown for mark in "\u202e\u2069")
    assert not any(mark in (tmp_path / "out" / "fhir.json").read_text() for mark in ("\u202e", "\\u202e", "\u2069"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_or_a_folder_is_no_review_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "pipe.json", tmp_path):
        with pytest.raises(ResultFileError, match=f"{path.name} is no regular file") as refused:
            read_review(path, clocked().document)
        assert "\n" not in str(refused.value)


def test_figures_counted_by_other_rules_are_said_to_be_so_and_never_handed_over(tmp_path):
    other = Settings().model_dump(mode="json")
    other["features"]["burst_of_another_time"] = 1
    result = clocked(settings=other)
    path = written(tmp_path / "r.json", result)
    page = draw_reviewed(result, tmp_path / "out", None, Drawing(review=str(path))).read_text()
    assert page.count(OTHER_RULES) == 2  # beside the intervals, and above the reviewed figures
    with pytest.raises(ResultFileError, match="counted by other rules"):
        draw_reviewed(result, tmp_path / "none", None, Drawing(review=str(path), fhir=True))
    assert not (tmp_path / "none").exists()


def test_a_remark_without_a_verdict_is_kept_and_judges_nothing(tmp_path):
    result = clocked()
    said = [{"event": 3, "verdict": None, "remark": "a pulse?"}]
    review = read_review(written(tmp_path / "r.json", result, decisions=said, added=[]), result.document)
    events = reviewed_events(review, result.document)
    assert [(one.verdict, one.remark) for one in events if one.remark] == [(None, "a pulse?")]
    assert reviewed_features(result, events, Settings()).frequency.event_count == len(result.document.events)


def test_the_reviewed_page_says_so_and_shows_texts_as_texts(tmp_path):
    result = clocked()
    path = written(tmp_path / "r.json", result)
    before = result.document.model_dump_json()
    page = draw_reviewed(result, tmp_path / "out", None, Drawing(review=str(path))).read_text()
    assert page.count("Reviewed by <bdi>Dr &lt;b&gt;X&lt;/b&gt;</bdi> on 2026-11-23 01:00.") == 2
    assert "<script>no</script>" not in page
    assert page.index("<h1>") < page.index("The answer above and the figures on this page are the program's own")
    assert "1 of 14 twitches accepted, 1 rejected, 1 added, 12 not judged and kept." in page
    assert result.document.model_dump_json() == before


def test_a_result_without_its_clock_is_not_counted_again(tmp_path):
    result = builders.focal_result()
    path = written(tmp_path / "r.json", result)
    page = draw_reviewed(result, tmp_path / "out", None, Drawing(review=str(path))).read_text()
    assert "cannot be recalculated" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"result_sha256": "0" * 64}, "reviews another result"),
        ({"version": 2}, "is no review"),
        ({"reviewer": ""}, "is no review"),
        ({"reviewer": " \t\u00a0"}, "a name that can be read"),
        ({"reviewer": "\u202e\u200b"}, "a name that can be read"),
        ({"reviewer": "x" * 300}, "is no review"),
        ({"decisions": [{"event": 99, "verdict": "accepted"}]}, "does not hold"),
        ({"decisions": [{"event": 1, "verdict": "maybe"}]}, "is no review"),
        ({"decisions": [{"event": 1, "verdict": "accepted"}] * 2}, "twice"),
        ({"added": [{"onset_s": 1e9, "site": 1}]}, "does not hold"),
        ({"added": [{"onset_s": 1.0, "site": 9}]}, "does not hold"),
        ({"added": [{"onset_s": 1.0}]}, "names a site, or a region"),
        ({"added": [{"onset_s": 1.0, "site": 1, "region": "chin"}]}, "names a site, or a region"),
        ({"added": [{"onset_s": 1.0, "region": "skin"}]}, "does not hold"),
        ({"more": 1}, "is no review"),
    ],
)
def test_a_review_that_does_not_fit_is_refused_in_one_line(tmp_path, changes, said):
    result = clocked()
    with pytest.raises(ResultFileError, match=said) as refused:
        read_review(written(tmp_path / "r.json", result, **changes), result.document)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\xff"])
def test_what_is_no_review_is_refused(tmp_path, content):
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ResultFileError):
        read_review(tmp_path / "r.json", clocked().document)
    with pytest.raises(ResultFileError, match="cannot be read"):
        read_review(tmp_path / "none.json", clocked().document)
