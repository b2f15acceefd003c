import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import av
import numpy as np
import pytest

from tests import builders
from vision.context import neurologist_reasons, parse_context
from vision.errors import ClipNotFoundError, OutputError, ResultFileError
from vision.model.result import QualityWarning, Recording
from vision.report import export, html, text

ALL = {
    "focal": builders.focal_result,
    "rest": builders.rest_result,
    "unsettled": builders.unsettled_result,
    "skin": builders.skin_result,
    "sustained": builders.sustained_result,
}
VOID = {"meta", "link", "br", "img", "hr", "input"}
HOSTILE = "<script>alert(1)</script> \"quotes' & \u202e عربى 😀 =1+1 {{ 7*7 }} " + "x" * 10_000


class Page(HTMLParser):
    """What a page holds: elements, attributes, text; fails on tags that do not close."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.words, self.scripts = [], [], [], [], []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts.append(len(self.words))
        self.words.append(data)

    def values(self, name):
        return [value for _, own, value in self.attributes if own == name]


def only_our_scripts(page):
    """One block of data, and one script that has the hash of the policy: whatever else a page holds cannot run."""
    scripts = [page.words[k] for k in page.scripts]
    assert len(scripts) == page.tags.count("script") == 2
    json.loads(scripts[0])
    digest = base64.b64encode(hashlib.sha256(scripts[1].encode()).digest()).decode()
    assert any(f"script-src 'sha256-{digest}'" in (value or "") for value in page.values("content"))


def write_clip(path, *, shift=0, seconds=3):
    """A moving ramp, colour."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = builders.WIDTH_PX, builders.HEIGHT_PX, "yuv420p"
        for index in range(30 * seconds):
            ramp = np.add.outer(np.arange(builders.HEIGHT_PX), np.arange(builders.WIDTH_PX)) // 6 + index + shift
            picture = np.repeat((ramp % 256).astype(np.uint8)[..., None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ALL)
def test_every_report_is_one_calm_closed_page(tmp_path, name):
    result = ALL[name]()
    path = html.write_report(result, tmp_path / "out", clip=None)
    source = path.read_text(encoding="utf-8")
    page = Page(source)
    words = " ".join(" ".join(page.words).split())
    assert path.name == "report.html"
    assert len(source.encode()) < 1_500_000
    assert text.REQUIRED_WORDING in words
    assert "the clip was not given" in words
    assert result.document.clip.sha256 in words
    assert result.document.software.settings_sha256 in words
    assert page.tags.count("h1") == 1
    only_our_scripts(page)
    assert ("html", "lang", "en") in page.attributes
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    assert {link[1:] for link in page.values("href")} <= set(identifiers)


@pytest.mark.parametrize("name", ALL)
def test_no_report_asks_the_network_for_anything(name):
    source = html.render_report(ALL[name](), clip=None)
    page = Page(source)
    policy = next(value for value in page.values("content") if "default-src" in value)
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/=]{44}';", policy)
    assert all(link.startswith(("#", "data:image/")) for link in page.values("href") + page.values("src"))
    assert "http://" not in source.replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert "https://" not in source
    assert "@import" not in source
    assert not any(own.startswith("on") for _, own, _ in page.attributes)


def test_simulated_clips_say_so():
    assert text.SIMULATED_PORTRAIT in html.render_report(builders.focal_result(is_simulated=True), clip=None)
    assert "Simulated clip" not in html.render_report(builders.focal_result(), clip=None)


def test_hostile_texts_show_as_text(tmp_path):
    result = builders.focal_result(
        recording=Recording(body_part=HOSTILE, filmed_on=HOSTILE),
        reasons=(HOSTILE,),
        quality=builders.Quality(True, 29.3, None, None, (QualityWarning("x", HOSTILE, HOSTILE),)),
    )
    source = html.write_report(result, tmp_path, clip=None, title=HOSTILE).read_text(encoding="utf-8")
    page = Page(source)
    only_our_scripts(page)
    assert page.words.count(HOSTILE) >= 3
    assert "49" not in page.words


def test_what_no_page_may_hold_is_replaced(tmp_path):
    page = html.write_report(builders.rest_result(), tmp_path, clip=None, title="a\x00b\ud800c\x1b[31m")
    assert "a�b�c�[31m" in page.read_text(encoding="utf-8")


def test_the_same_result_gives_the_same_page():
    one, other = (html.render_report(builders.focal_result(), clip=None, title="t") for _ in range(2))
    assert one == other


def test_none_reads_not_measured():
    source = html.render_report(builders.rest_result(), clip=None)
    assert "not measured" in source
    assert ">None<" not in source
    assert not re.search(r"\bnan\b", source, re.IGNORECASE)


def test_many_events_stay_small():
    result = builders.sustained_result(count=900, duration_s=100.0)
    source = html.render_report(result, clip=None)
    assert len(result.document.events) == 2700
    assert len(source.encode()) < 1_500_000
    assert "The first 500 of 2700; all stand in events.csv." in source


def test_a_report_is_redrawn_from_its_folder_with_the_clip(tmp_path):
    clip = tmp_path / "my secret name.mp4"
    sha256 = write_clip(clip)
    export.write_result(builders.focal_result(sha256=sha256), tmp_path / "out")
    result = export.read_result(tmp_path / "out")
    source = html.write_report(result, tmp_path / "out", clip=clip).read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in source
    assert 'viewBox="0 0 540 720"' in source
    assert len(source.encode()) < 1_500_000
    assert "secret" not in source
    assert str(tmp_path) not in source


def test_another_clip_is_refused(tmp_path):
    write_clip(tmp_path / "other.mp4", shift=9)
    with pytest.raises(ResultFileError, match=r"other\.mp4 is not the clip of this result"):
        html.write_report(builders.focal_result(), tmp_path / "out", clip=tmp_path / "other.mp4")
    with pytest.raises(ClipNotFoundError):
        html.write_report(builders.focal_result(), tmp_path / "out", clip=tmp_path / "none.mp4")
    assert not (tmp_path / "out").exists()


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    old = html.write_report(builders.rest_result(), tmp_path, clip=None)
    before = old.read_bytes()

    def full(*_args, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OutputError, match=r"report\.html cannot be written"):
        html.write_report(builders.focal_result(), tmp_path, clip=None)
    assert old.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="out cannot be written"):
        html.write_report(builders.rest_result(), tmp_path / "out", clip=None)


def test_the_reasons_to_see_a_neurologist_stand_before_the_answer_and_one_by_one():
    result = builders.focal_result()
    page = html.render_report(result, clip=None)
    assert page.index('id="see-neurologist"') < page.index("<h1>")
    for reason in neurologist_reasons(None):
        assert reason.text in page
    context = parse_context({"signs": {"weakness": "no"}, "history": {"where": "<b>lid</b>"}}, date(2026, 11, 22))
    answered = replace(result, document=result.document.model_copy(update={"context": context}))
    page = html.render_report(answered, clip=None)
    assert page.index("<h1>") < page.index('id="see-neurologist"')
    assert "<b>lid</b>" not in page
    assert "&lt;b&gt;lid&lt;/b&gt;" in page
    assert "Measured in this clip: 6 closures" in page


def test_the_context_survives_the_folder(tmp_path):
    context = parse_context({"asked_on": "2026-11-22", "signs": {"weakness": "yes"}}, date(2026, 11, 22))
    result = builders.focal_result()
    asked = replace(result, document=result.document.model_copy(update={"context": context}))
    export.write_result(asked, tmp_path / "out")
    assert export.read_result(tmp_path / "out").document.context == context
