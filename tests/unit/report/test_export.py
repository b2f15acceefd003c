import csv
import dataclasses
import io
import json

import pytest

from tests import builders
from vision.errors import OutputError, ResultFileError, ShapeError
from vision.model.result import Quality, Recording
from vision.report import export, folder

ALL = [builders.focal_result, builders.rest_result, builders.unsettled_result, builders.skin_result]


@pytest.fixture(scope="module")
def focal():
    return builders.focal_result()


@pytest.fixture
def written(tmp_path, focal):
    export.write_result(focal, tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("build", ALL)
def test_write_then_read_is_identity(tmp_path, build):
    result = build()
    export.write_result(result, tmp_path / "a" / "b")
    assert export.read_result(tmp_path / "a" / "b").document == result.document
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == [
        "events.csv",
        "result.json",
        "signals.npz",
    ]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_result_json_has_the_schema_of_the_architecture(written):
    document = json.loads((written / "result.json").read_text())
    assert document["schema_version"] == "1.0"
    assert document["events"][0]["onset_s"] == 3.1
    assert document["rejected"][0]["regions"][0] == "right upper-eyelid"
    assert document["features"]["frequency"]["rate_per_min_ci95"] == [15.7, 48.1]
    assert document["context"] is None


def test_result_json_fits_its_own_schema(written):
    jsonschema = pytest.importorskip("jsonschema", reason="comes with nbmake")
    schema = json.loads(export.json_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((written / "result.json").read_text()), schema)


def test_writing_again_replaces_and_drops_the_old_report(written):
    (written / "report.html").write_text("old")
    (written / "notes.txt").write_text("the user's own")
    export.write_result(builders.rest_result(), written)
    assert not export.read_result(written).document.events
    assert not (written / "report.html").exists()
    assert (written / "notes.txt").exists()


def test_a_full_disk_leaves_nothing_half_written(tmp_path, focal, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "save_signals", full)
    with pytest.raises(OutputError, match=r"out cannot be written \(No space left on device\)"):
        export.write_result(focal, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_result_whole(written, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "save_signals", full)
    with pytest.raises(OutputError):
        export.write_result(builders.rest_result(), written)
    assert len(export.read_result(written).document.events) == 14
    assert not list(written.glob(".*"))


def test_folders_that_may_be_written(tmp_path, written):
    (tmp_path / "empty").mkdir()
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / ".twitchscope-0123.partial").mkdir()
    for fine in (tmp_path / "new" / "deep", tmp_path / "empty", tmp_path / "left", written):
        export.check_output_folder(fine)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thesis.txt", "text"),
        ("result.json", "{"),
        ("result.json", "[]"),
        ("result.json", '{"software": {"name": "x"}}'),
    ],
)
def test_a_folder_that_holds_something_else_is_refused(tmp_path, focal, name, content):
    (tmp_path / name).write_text(content)
    for act in (export.check_output_folder, lambda place: export.write_result(focal, place)):
        with pytest.raises(OutputError, match="holds something else"):
            act(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file is a file"):
        export.check_output_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="file is a file"):
        export.check_output_folder(tmp_path / "file" / "below")


def test_a_folder_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(folder.os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="cannot be written"):
        export.check_output_folder(tmp_path / "new")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_result_is_one_clear_line(written, share):
    text = (written / "result.json").read_text().rstrip()
    (written / "result.json").write_text(text[: int(share * len(text))])
    with pytest.raises(ResultFileError, match="damaged") as refused:
        export.read_result(written)
    assert "\n" not in str(refused.value)


def _edit(written, change):
    path = written / "result.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema_version="2.0"), "schema '2.0'"),
        (lambda d: d.pop("schema_version"), "damaged"),
        (lambda d: d.pop("events"), "events: field required"),
        (lambda d: d.update(view="foot"), "view"),
        (lambda d: d["events"][0].update(onset_s="early"), r"events\.0\.onset_s"),
        (lambda d: d["events"][0].update(peak_s=99.0), "contradicts itself"),
        (lambda d: d["events"].pop(), "was changed"),
        (lambda d: d["pattern"].update(label="no-twitch"), "was changed"),
    ],
)
def test_an_edited_result_is_refused(written, change, said):
    _edit(written, change)
    with pytest.raises(ResultFileError, match=said):
        export.read_result(written)


def test_other_line_ends_are_no_edit(written):
    _edit(written, lambda _: None)
    export.read_result(written)


def test_what_is_no_result_is_refused(tmp_path, written):
    (tmp_path / "empty").mkdir()
    for missing in (tmp_path / "none", tmp_path / "empty", written / "result.json"):
        with pytest.raises(ResultFileError, match=r"no result\.json can be read"):
            export.read_result(missing)
    (written / "result.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ResultFileError, match="is no text"):
        export.read_result(written)
    (written / "result.json").write_text("[" * 100_000)
    with pytest.raises(ResultFileError, match="damaged"):
        export.read_result(written)


def test_signals_of_another_analysis_are_refused(tmp_path, written):
    export.write_result(builders.rest_result(), tmp_path / "other")
    (tmp_path / "other" / "signals.npz").replace(written / "signals.npz")
    with pytest.raises(ResultFileError, match="another analysis"):
        export.read_result(written)


def test_csv_has_units_numbers_and_empty_cells(focal):
    rows = list(csv.reader(io.StringIO(export.events_csv(focal.document))))
    head, first = rows[0], dict(zip(rows[0], rows[1], strict=True))
    assert len(rows) == 15
    assert {"onset_s", "amplitude_px", "direction_rad", "area_px2"} <= set(head)
    assert first["direction_rad"] == "-1.3"
    assert first["amplitude_mm"] == ""
    assert float(first["peak_s"]) == pytest.approx(3.16)


def test_csv_of_no_events_is_its_header():
    assert export.events_csv(builders.rest_result().document).count("\n") == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_begins_like_a_formula_stays_text(focal, start):
    event = dataclasses.replace(focal.document.events[0], region=f"{start}HYPERLINK('x')")
    hostile = focal.document.model_copy(update={"events": (event,)})
    cells = list(csv.reader(io.StringIO(export.events_csv(hostile))))[1]
    assert cells[5].startswith(f"'{start}".replace("\r", " "))
    assert cells[12] == "-1.3"


def test_hostile_texts_survive_the_round_trip(tmp_path):
    text = "<script>\"'&= \u202e عربى 😀" + "x" * 10_000
    export.write_result(builders.rest_result(recording=Recording(text)), tmp_path / "o")
    assert export.read_result(tmp_path / "o").document.recording.body_part == text


def test_what_cannot_be_read_back_is_not_written(tmp_path):
    broken = builders.rest_result(quality=Quality(True, float("nan"), None, None, ()))
    with pytest.raises(ShapeError, match="observed_s"):
        export.write_result(broken, tmp_path / "o")
    with pytest.raises(OutputError, match="no Unicode"):
        export.write_result(builders.rest_result(recording=Recording("\ud800")), tmp_path / "o")
    assert list(tmp_path.iterdir()) == []
