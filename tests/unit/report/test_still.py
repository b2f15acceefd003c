import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests import builders
from vision.report.still import LONGEST_SIDE_PX, Still, draw_still


def grey_still():
    return Still(np.full((builders.HEIGHT_PX, builders.WIDTH_PX), 90, dtype=np.uint8), 0.0, 1.0)


def side_places(result):
    root = ElementTree.fromstring(draw_still(grey_still(), result))
    return {text.text[-5:].strip(): float(text.get("x")) for text in root.iter("text") if text.get("class") == "side"}


def test_every_site_has_a_numbered_ring_of_its_size():
    result = builders.skin_result()
    root = ElementTree.fromstring(draw_still(grey_still(), result))
    rings = [circle for circle in root.iter("circle") if circle.get("class") == "ring"]
    assert len(rings) == 18
    assert float(rings[0].get("r")) == pytest.approx(1.5 * 16.0)
    assert float(rings[0].get("cx")) == pytest.approx(result.document.sites[0].x_px, abs=0.06)
    assert {text.text for text in root.iter("text")} == {str(number) for number in range(1, 19)}


def test_the_picture_is_inside():
    svg = draw_still(grey_still(), builders.focal_result())
    assert re.search(r'href="data:image/jpeg;base64,[A-Za-z0-9+/=]+"', svg)
    assert "1 numbered ring: 1, right lower eyelid" in svg
    assert "no place is marked" in draw_still(grey_still(), builders.rest_result())


def test_sides_are_the_patients_and_follow_the_regions():
    plain = side_places(builders.focal_result())
    assert plain["right"] < plain["left"]
    result = builders.focal_result()
    outline_px = result.regions.outline_px.copy()
    outline_px[..., 0] = builders.WIDTH_PX - outline_px[..., 0]
    mirrored = dataclasses.replace(result, regions=dataclasses.replace(result.regions, outline_px=outline_px))
    swapped = side_places(mirrored)
    assert swapped["left"] < swapped["right"]


def test_no_side_is_written_where_none_is_known():
    assert side_places(builders.skin_result()) == {}


def test_outlines_that_were_not_seen_are_left_out():
    result = builders.focal_result()
    seen = result.regions.seen.copy()
    seen[0, 1:] = False
    partly = dataclasses.replace(result, regions=dataclasses.replace(result.regions, seen=seen))
    assert draw_still(grey_still(), partly).count("<polygon") == 1
    assert LONGEST_SIDE_PX == 900
