"""Pictures of rhythm, place and order, against results whose rhythm, place and order are known."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from tests import builders
from vision.model.result import Clock
from vision.report import again, beat, charts, heat, migration, printed
from vision.report.html import render_report
from vision.settings import Settings, settings_sha256
from vision.twitch.bursts import find_bursts
from vision.twitch.spectrum import FALSE_ALARM, false_alarm_p, height_by_chance


def clocked(result, intervals_s=None):
    """The same result with the clock that an analysis writes."""
    document = result.document
    spans = intervals_s or ((0.0, document.quality.observed_s),)
    changed = document.model_copy(update={"clock": Clock(spans, 1 / 30, 0.1), "settings": Settings().model_dump()})
    return replace(result, document=changed)


def test_an_event_set_holds_what_the_result_holds():
    result = clocked(builders.focal_result())
    events = again.event_set_of(result.document)
    assert events.events == result.document.events
    assert events.rejected == result.document.rejected
    assert events.observed_s == result.document.quality.observed_s
    assert again.event_set_of(builders.focal_result().document) is None


def test_the_settings_come_back_and_strange_ones_do_not():
    other = Settings().model_copy(update={"features": Settings().features.model_copy(update={"surrogate_count": 99})})
    document = builders.focal_result().document
    carried = document.model_copy(update={"settings": other.model_dump(mode="json")})
    assert again.settings_of(carried) == other
    assert again.settings_of(document) == Settings()
    assert again.settings_of(document.model_copy(update={"settings": {"gone": {"x": 1}}})) == Settings()


def test_the_report_says_where_it_counts_by_other_rules_than_the_analysis():
    own = clocked(builders.focal_result())
    features = Settings().features.model_copy(update={"burst_p": 0.02})
    chosen = Settings().model_copy(update={"features": features}).model_dump(mode="json")
    strange = {**chosen, "features": {**chosen["features"], "gone": 1}}
    older = {name: value for name, value in chosen["features"].items() if name != "burst_void"}
    told = {"chosen": chosen, "strange": strange, "older": {**chosen, "features": older}, "none": None}
    notes = {
        name: again.settings_note(own.document.model_copy(update={"settings": settings}))
        for name, settings in told.items()
    }
    assert notes == {"chosen": "", **dict.fromkeys(("strange", "older", "none"), again.OTHER_RULES)}
    hashed = replace(own.document.software, settings_sha256=settings_sha256(Settings()))
    assert again.settings_note(own.document.model_copy(update={"settings": None, "software": hashed})) == ""
    assert again.settings_note(builders.focal_result().document) == ""  # without its clock nothing is counted
    assert again.OTHER_RULES not in render_report(own, clip=None)


def test_bursts_are_those_of_the_analysis_and_stand_in_the_timeline():
    result = clocked(builders.focal_result())
    found = beat.beat_of(result.document)
    wanted = find_bursts(again.event_set_of(result.document), Settings().features, again.seed_of(result.document))
    assert len(found.bursts) == 4
    assert [burst.offset_s for burst in found.bursts] == [burst.offset_s for burst in wanted.bursts]
    page = render_report(result, clip=None)
    assert page.count('class="burst"') == 4 + 1  # and the legend
    assert 'class="burst"' not in render_report(builders.focal_result(), clip=None)


def test_chance_has_as_many_intervals_and_the_same_sum():
    found = beat.beat_of(clocked(builders.focal_result()).document)
    assert found.chance_s.shape == (Settings().features.surrogate_count, len(found.interval_s))
    assert np.allclose(found.chance_s.sum(axis=1), found.interval_s.sum(), atol=2 / 30)


def test_the_band_holds_95_of_100_trains_of_chance():
    random = np.random.default_rng(2)
    chance_s = 0.1 + random.exponential(1.0, (499, 60))
    edge_s = charts.edges(chance_s[0])
    counts, _ = np.histogram(chance_s[0], edge_s)
    low, high = charts.band(chance_s, edge_s, counts)
    inside = [(low <= row) & (row <= high) for row in (np.histogram(one, edge_s)[0] for one in chance_s)]
    assert 0.94 <= np.mean(inside) <= 1.0
    assert (high >= low).all()


def test_a_clock_lies_outside_of_the_band_and_chance_inside():
    random = np.random.default_rng(4)
    chance_s = 0.1 + random.exponential(0.9, (499, 40))
    for interval_s, is_inside in ((np.full(40, 1.0) + random.normal(0, 0.01, 40), False), (chance_s[7], True)):
        edge_s = charts.edges(interval_s)
        counts, _ = np.histogram(interval_s, edge_s)
        low, high = charts.band(chance_s, edge_s, counts)
        assert bool(np.mean((low <= counts) & (counts <= high)) > 0.8) is is_inside


def test_the_threshold_of_the_spectrum_undoes_its_false_alarm():
    for searched in (30, 600, 5000):
        assert false_alarm_p(height_by_chance(FALSE_ALARM, searched), searched) == pytest.approx(FALSE_ALARM)


def test_the_spectrum_marks_where_lamps_and_keyframes_would_show():
    result = clocked(builders.focal_result())
    svg, caption = beat.spectrum(result)
    words = [one.text for one in ElementTree.fromstring(svg).iter("text")]
    assert "alias of 100 Hz light" in words  # at 30 pictures a second: 10 Hz
    assert "keyframes" in words  # one a second
    assert "upwards: strength against the background, no unit" in words
    assert "right lower eyelid" in caption
    assert beat.spectrum(builders.focal_result()) is None  # no clock: nothing to say


def test_the_heat_is_highest_where_it_twitches_and_nowhere_else():
    result = builders.focal_result()
    found = heat.heat_of(result)
    site, point_px = result.document.sites[0], result.signals.point_px
    away_px = np.hypot(*(point_px - [site.x_px, site.y_px]).T)
    assert away_px[np.argmax(found.moved_px)] < 16
    assert (found.moved_px[away_px > 80] == 0).all()
    assert heat.heat_of(builders.rest_result()) is None


def test_noise_alone_is_not_coloured():
    result = builders.focal_result()
    still = replace(result, signals=builders.make_signals(result.regions))
    assert heat.heat_of(still) is None


def test_the_heat_map_lies_on_the_skin_that_moves():
    result = builders.focal_result()
    site = result.document.sites[0]
    for scale in (1.0, 0.5):
        size = (round(builders.WIDTH_PX * scale), round(builders.HEIGHT_PX * scale))
        rgba = heat.heat_picture(heat.heat_of(result), size, scale)
        alpha = cv2.resize(rgba[..., 3], None, fx=heat.PICTURE_CELL_PX, fy=heat.PICTURE_CELL_PX).astype(float)
        y, x = np.indices(alpha.shape)
        centre = [float((alpha * axis).sum() / alpha.sum()) for axis in (x, y)]
        assert centre == pytest.approx([site.x_px * scale, site.y_px * scale], abs=9 * scale)


def test_the_map_of_migration_has_a_dot_for_each_twitch_in_order():
    result = builders.skin_result()
    svg, caption = migration.migration_map(result)
    root = ElementTree.fromstring(svg)
    dots = list(root.iter("circle"))
    assert [int(one.get("data-event")) for one in dots] == [event.id for event in result.document.events]
    assert float(dots[0].get("cx")) == pytest.approx(result.document.events[0].x_px, abs=0.06)
    assert len(list(root.iter("line"))) == len(dots) - 1
    assert "dark the first" in caption
    assert migration.migration_map(builders.focal_result()) is None


def test_twitches_of_one_spot_are_laid_apart_within_a_small_heap():
    place_px = np.repeat([[100.0, 100.0], [300.0, 200.0]], 70, axis=0)
    laid, dot_px = migration.laid_apart(place_px, 400.0)
    assert np.hypot(*(laid - place_px).T).max() < 0.06 * 400
    gap = np.hypot(*(laid[:70, None] - laid[None, :70]).transpose(2, 0, 1))[np.triu_indices(70, 1)]
    assert gap.min() > dot_px


def test_the_printed_figure_is_the_same_twice_and_leaves_no_style_behind():
    import matplotlib

    before = dict(matplotlib.rcParams)
    result = clocked(builders.focal_result())
    one, other = (printed.rhythm_png(result, beat.beat_of(result.document), (4.0, 2.6)) for _ in range(2))
    assert one == other
    assert one.startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert printed.rhythm_png(builders.rest_result(), beat.beat_of(builders.rest_result().document), (4, 2)) is None


def test_every_setting_stands_in_the_report():
    page = render_report(clocked(builders.focal_result()), clip=None)
    assert "features.surrogate_count" in page
