"""Films: the clip's own times, a format that plays everywhere, old films never half gone; pixelated where asked for."""

from __future__ import annotations

import base64
import errno
import re
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from tests import builders
from tests.integration.test_report import write_clip
from vision.errors import OutputError, ResultFileError
from vision.model.drawing import Drawing
from vision.model.events import Site
from vision.report import chosen, films
from vision.report.draw import draw
from vision.report.magnify import displacement_field
from vision.report.marked import Marker
from vision.report.veil import Veil
from vision.video.encode import ClipWriter

SECONDS = 3


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A result with its clip, and everything drawn from it."""
    place = tmp_path_factory.mktemp("films")
    sha256 = write_clip(place / "clip.mp4", seconds=SECONDS)
    result = builders.unsettled_result(sha256=sha256, duration_s=float(SECONDS))
    draw(result, place / "out", place / "clip.mp4", Drawing(event_clips=True))
    return result, place / "clip.mp4", place / "out"


def times_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [float(frame.pts * stream.time_base) for frame in container.decode(stream)], stream


def test_the_film_keeps_the_times_and_plays_on_phones(drawn):
    _, clip, folder = drawn
    wanted, _ = times_of(clip)
    for name in ("overlay.mp4", "magnified.mp4"):
        times_s, stream = times_of(folder / name)
        assert times_s == pytest.approx(wanted, abs=1e-4)
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert context.width % 2 == context.height % 2 == 0


def test_uneven_times_stay_uneven(tmp_path):
    time_s = np.cumsum(np.tile([1 / 30, 1 / 24, 1 / 30, 1 / 15], 20))
    with ClipWriter(tmp_path / "clip.mp4", 320, 240) as writer:
        for index, at_s in enumerate(time_s):
            writer.write(np.full((240, 320, 3), index, np.uint8), float(at_s))
    sha256 = builders_sha(tmp_path / "clip.mp4")
    result = of_size(builders.rest_result(sha256=sha256, duration_s=80 / 30), 320, 240)
    draw(result, tmp_path / "out", tmp_path / "clip.mp4", Drawing(magnify="off"))
    assert times_of(tmp_path / "out" / "overlay.mp4")[0] == pytest.approx(list(time_s - time_s[0]), abs=1e-4)


def builders_sha(path):
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def of_size(result, width_px, height_px):
    clip = replace(result.document.clip, width_px=width_px, height_px=height_px)
    return replace(result, document=result.document.model_copy(update={"clip": clip}))


def test_each_twitch_has_its_two_seconds_side_by_side(drawn):
    result, _, folder = drawn
    event = result.document.events[0]
    times_s, stream = times_of(folder / "event-clips" / "event-0001.mp4")
    assert times_s[-1] == pytest.approx(min(SECONDS - 1 / 30, event.peak_s + 1) - (event.peak_s - 1), abs=2 / 30)
    (width, height), _ = films.film_size(result)
    assert (stream.codec_context.width, stream.codec_context.height) == (2 * width, height)


def test_of_lasting_twitching_few_films_are_open_at_once_and_they_are_spread_over_the_clip():
    for count, duration_s in ((110, 12.0), (900, 100.0)):
        events = builders.sustained_result(count=count, duration_s=duration_s).document.events
        found = chosen.chosen_events(events)
        peaks_s = np.array([event.peak_s for event in found])
        most_open = max(np.sum(np.abs(peaks_s - at_s) <= chosen.EVENT_MARGIN_S) for at_s in peaks_s)
        assert most_open <= chosen.MOST_OPEN
        assert len(found) <= chosen.MOST_EVENT_CLIPS
        assert np.diff(peaks_s).max() < 2 * chosen.EVENT_MARGIN_S  # no part of the clip is left out
        assert chosen.films_note(events) == f"films of {len(found)} of {3 * count} twitches, spread over the clip"


def test_a_run_of_twitches_does_not_crowd_out_a_lone_one():
    site = builders.make_site(1, "cheek", "left", 370, 400)
    onsets_s = [3 + 0.01 * k for k in range(200)] + [20.0, 27.0]
    events = [builders.make_event(k + 1, onset_s, site) for k, onset_s in enumerate(onsets_s)]
    found = chosen.chosen_events(events)
    assert {201, 202} <= {event.id for event in found}
    assert [event.id for event in found] == sorted(event.id for event in found)
    assert chosen.chosen_events(events[:8]) == events[:8]
    assert chosen.films_note(events[:8]) == chosen.films_note([]) == ""


def test_lasting_twitching_gets_its_films_within_the_bound_and_the_page_says_how_many(tmp_path, monkeypatch):
    opened, most = 0, 0
    enter, leave = ClipWriter.__enter__, ClipWriter.__exit__

    def counted_enter(self):
        nonlocal opened, most
        opened += 1
        most = max(most, opened)
        return enter(self)

    def counted_leave(self, *told):
        nonlocal opened
        opened -= 1
        return leave(self, *told)

    monkeypatch.setattr(ClipWriter, "__enter__", counted_enter)
    monkeypatch.setattr(ClipWriter, "__exit__", counted_leave)
    sha256 = write_clip(tmp_path / "clip.mp4", seconds=SECONDS)
    result = builders.sustained_result(count=22, sha256=sha256, duration_s=float(SECONDS))
    draw(result, tmp_path / "out", tmp_path / "clip.mp4", Drawing(event_clips=True, magnify="off"))
    found = chosen.chosen_events(result.document.events)
    assert len(found) < len(result.document.events)
    assert len(list((tmp_path / "out" / "event-clips").glob("*.mp4"))) == len(found)
    assert (opened, most) == (0, 1 + chosen.MOST_OPEN)  # and overlay.mp4
    assert f"Beside this page: films of {len(found)} of 66 twitches" in (tmp_path / "out" / "report.html").read_text()


def test_without_the_clip_the_films_of_this_result_stay(drawn, tmp_path):
    result, clip, _ = drawn
    draw(result, tmp_path, clip, Drawing(magnify="off", pdf=True))
    before = (tmp_path / "overlay.mp4").read_bytes()
    draw(result, tmp_path, None, Drawing())
    assert (tmp_path / "overlay.mp4").read_bytes() == before
    draw(result, tmp_path, None, Drawing(deidentify=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "signals.parquet"]


def test_what_is_not_ours_beside_the_films_stays(drawn, tmp_path):
    result, clip, _ = drawn
    (tmp_path / "event-clips").mkdir()
    (tmp_path / "event-clips" / "mine.txt").write_text("mine")
    (tmp_path / "event-clips" / "event-0099.mp4").write_text("old")
    draw(result, tmp_path, clip, Drawing(event_clips=True))
    names = sorted(path.name for path in (tmp_path / "event-clips").iterdir())
    assert names == ["event-0001.mp4", "mine.txt"]


@pytest.mark.parametrize("full_after", [0, 40])
def test_a_disk_that_fills_leaves_the_old_films_whole(drawn, tmp_path, monkeypatch, full_after):
    result, clip, _ = drawn
    draw(result, tmp_path, clip, Drawing(magnify="off"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    written = 0
    real = ClipWriter.write

    def fills(self, picture, time_s):
        nonlocal written
        written += 1
        if written > full_after:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, picture, time_s)

    monkeypatch.setattr(ClipWriter, "write", fills)
    with pytest.raises(OutputError, match="No space left"):
        draw(result, tmp_path, clip, Drawing(magnify="off"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_film_of_the_page_may_be_smaller_than_the_one_beside_it(drawn, tmp_path, monkeypatch):
    result, clip, _ = drawn
    monkeypatch.setattr(films, "FILM_BYTES", 30_000)  # a film of a few minutes in small
    draw(result, tmp_path, clip, Drawing(magnify="off"))
    assert [path.name for path in tmp_path.rglob("*.mp4")] == ["overlay.mp4"]
    told = re.search('data:video/mp4;base64,([^"]+)', (tmp_path / "report.html").read_text()).group(1)
    (tmp_path / "page.mp4").write_bytes(base64.b64decode(told))
    assert 2 * len(base64.b64decode(told)) < (tmp_path / "overlay.mp4").stat().st_size
    assert times_of(tmp_path / "page.mp4")[0] == times_of(tmp_path / "overlay.mp4")[0]


@pytest.mark.parametrize("duration_s", [2.0, 24.0, 60.0, 600.0])
def test_films_keep_to_their_size(duration_s):
    document = builders.rest_result(duration_s=duration_s).document
    for most_bytes in (films.FILM_BYTES, films.OVERLAY_BYTES):
        assert films.bit_rate_bps(most_bytes, document) * duration_s / 8 <= most_bytes
    assert films.bit_rate_bps(films.OVERLAY_BYTES, document) <= films.MOST_BITS_PER_S


def test_a_clip_shorter_than_its_result_is_refused(drawn, tmp_path):
    result, clip, _ = drawn
    longer = builders.rest_result(sha256=result.document.clip.sha256, duration_s=SECONDS + 1.0)
    with pytest.raises(ResultFileError, match="ends before its result"):
        draw(longer, tmp_path, clip, Drawing(magnify="off"))
    assert list(tmp_path.glob("*.mp4")) == []


def test_the_strip_holds_its_longest_line():
    result = builders.sustained_result(count=40)
    marker = Marker(result, 0.5, (270, 360))
    for event in result.document.events[:3]:
        index = int(np.argmin(np.abs(result.signals.time_s - event.peak_s)))
        picture = marker.draw(np.zeros((360, 270, 3), np.uint8), index)
        words = picture[360 + marker.strip_px // 3 + 2 :]
        lit = np.flatnonzero((words[..., 0] > 200).any(axis=0))
        assert 100 < lit.max() < 268


def test_the_veil_hides_all_but_the_places():
    random = np.random.default_rng(0)
    result = builders.focal_result()
    picture = random.integers(0, 256, (builders.HEIGHT_PX, builders.WIDTH_PX, 3)).astype(np.uint8)
    hidden = Veil(result, 1.0, (builders.WIDTH_PX, builders.HEIGHT_PX)).hide(picture, 0)
    same = (hidden == picture).all(axis=2)
    site = result.document.sites[0]
    y, x = np.indices(same.shape)
    away_px = np.hypot(x - site.x_px, y - site.y_px)
    assert same[away_px < 20].all()
    assert same[away_px > 60].mean() < 0.001


def test_many_places_do_not_add_up_to_a_face():
    result = builders.focal_result()
    sites = tuple(Site(k, "cheek", "left", 90.0 + 40 * (k % 9), 180.0 + 45 * (k // 9), 1, 0.0, 16.0) for k in range(80))
    many = replace(result, document=result.document.model_copy(update={"sites": sites, "events": ()}))
    picture = np.random.default_rng(0).integers(0, 256, (720, 540, 3)).astype(np.uint8)
    hidden = Veil(many, 1.0, (540, 720)).hide(picture, 0)
    face = (hidden == picture).all(axis=2).sum() / (4.0 * 213**2)
    assert face <= 0.21


def test_nothing_seen_is_all_hidden():
    result = builders.rest_result()
    picture = np.random.default_rng(0).integers(0, 256, (720, 540)).astype(np.uint8)
    hidden = Veil(result, 1.0, (540, 720)).hide(picture, None)
    assert (hidden == picture).mean() < 0.02


def test_no_film_is_left_open(drawn):
    _, _, folder = drawn
    assert [path.name for path in Path(folder).rglob("*.partial")] == []


def test_the_bound_of_the_magnified_view_grows_with_the_noise():
    result = builders.focal_result()
    calm = displacement_field(result).full_from_px
    noise = np.random.default_rng(3).normal(0, 0.15, result.signals.displacement_px.shape)
    loud = replace(result.signals, displacement_px=result.signals.displacement_px + noise)
    assert displacement_field(replace(result, signals=loud)).full_from_px > 2 * calm > 0


def test_above_its_bound_a_twitch_is_drawn_in_full_and_far_below_not_at_all():
    site = builders.make_site(1, "lower-eyelid", "right", 190, 310, 4)
    for times, is_drawn in ((1.3, True), (0.25, False)):
        quiet = builders.focal_result()
        bound_px = displacement_field(quiet).full_from_px
        events = [
            builders.make_event(k + 1, 4.0 + 3 * k, site, amplitude_px=times * bound_px, rise_s=0.045) for k in range(4)
        ]
        moving = replace(quiet, signals=builders.make_signals(quiet.regions, events, [site]))
        field = displacement_field(moving)
        near = int(np.argmin(np.hypot(*(moving.signals.point_px - [190, 310]).T)))
        peaks = [int(np.argmin(np.abs(moving.signals.time_s - event.peak_s))) for event in events]
        drawn_px = np.median(np.hypot(*field.drawn_px[peaks, near].T))
        assert (drawn_px > 0.7 * times * bound_px) if is_drawn else (drawn_px < 0.1 * times * bound_px)
