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
