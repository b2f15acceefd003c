"""Tables of the report: a figure never stands without its unit, its interval neither."""

from __future__ import annotations

import re
from dataclasses import replace

from tests import builders
from vision.model.features import Trend
from vision.report import tables


def test_every_interval_has_its_unit():
    document = builders.focal_result().document
    frequency = replace(document.features.frequency, trend=Trend(0.8, (0.3, 2.1), 0.4, "event"))
    features = replace(document.features, frequency=frequency)
    changed = document.model_copy(update={"features": features})
    found = [row.interval for _, rows in tables.feature_groups(changed) for row in rows if row.interval]
    assert found == ["16 to 48 a minute", "0.30 to 2.1 times"]
    assert tables.headline_figures(changed)[0][2] == "95 % interval 16 to 48 a minute"


def test_a_figure_has_its_interval_behind_it_in_brackets():
    assert (
        tables.figure(tables.Row("Rate", "29 a minute", "", "16 to 48 a minute")) == "29 a minute (16 to 48 a minute)"
    )
    assert re.fullmatch(r"\d+", tables.figure(tables.frequency_rows(builders.focal_result().document)[0]))


def test_an_amplitude_is_in_px_and_in_what_else_is_known():
    document = builders.focal_result().document
    event = replace(document.events[0], amplitude_px=1.4, amplitude_iod=0.0066)
    assert tables.amplitude_words(event) == "1.40 px (0.66 %)"
    assert tables.amplitude_words(replace(event, amplitude_mm=0.31)) == "1.40 px (0.31 mm; 0.66 %)"
    skin = replace(event, amplitude_iod=None)
    assert tables.amplitude_words(skin) == "1.40 px"
    assert tables.amplitude_words(replace(skin, amplitude_mm=0.31)) == "1.40 px (0.31 mm)"
    both = document.model_copy(update={"events": (replace(event, amplitude_mm=0.31),)})
    assert tables.amplitude_note(document) == f"In brackets: {tables.IOD_WORDS}."
    assert tables.amplitude_note(both) == f"In brackets: mm and {tables.IOD_WORDS}."
    assert tables.amplitude_note(document.model_copy(update={"events": (skin,)})) == ""
    assert tables.site_rows(document)[0].amplitude == "1.2 px (0.56 %)"
    assert tables.site_rows(document.model_copy(update={"events": ()}))[0].amplitude == "not measured"
