"""Which kind of picture a clip is: a whole face, an eye close-up, or skin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vision.errors import NothingToMeasureError, SettingsError
from vision.locate.eye import EyeLocator, find_eye
from vision.locate.face_view import FaceLocator, find_face
from vision.locate.locator import Locator
from vision.locate.manual import ManualLocator
from vision.locate.skin import SkinLocator, SkinPlace, skin_area
from vision.locate.skin_doubts import ColourDoubt, changes_content, colour_doubt, has_hard_edges, is_lifeless
from vision.model.arrays import BoolArray
from vision.model.clip import Frame
from vision.model.regions import View
from vision.settings import LocateSettings

BodySide = Literal["left", "right"]
Rectangle = tuple[float, float, float, float]
GREY: ColourDoubt = "grey film"


def choose_locator(
    frames: Sequence[Frame],
    settings: LocateSettings,
    *,
    view: View | None = None,
    region_px: Rectangle | None = None,
    side: BodySide | None = None,
    mirrored: bool | None = None,
) -> Locator:
    """Decide what a clip shows, and give what follows it.

    Parameters
    ----------
    frames : a handful spread over the clip, in order, each with `rgb_small`.
    settings : of this stage.
    view : what the user says it shows; None to find out. A whole face goes before an eye, an eye before skin.
    region_px : (x, y, width, height) native pixels of skin that the user drew.
    side : the patient's side that was filmed, for an eye or skin.
    mirrored : True where the film shows the patient as a mirror does; None is taken as False.

    Raises
    ------
    NothingToMeasureError
        What was asked for is not there, or, with `view` None, nothing that can be measured.
    SettingsError
        A region together with a view other than skin, outside of the picture, or too small.
    """
    if not any(frame.rgb_small is not None for frame in frames):
        raise NothingToMeasureError("the clip gave no picture", "at least one frame", "try another file")
    if region_px is not None:
        if view not in (None, "skin"):
            raise SettingsError(f"a region was given together with the view {view}", "the view skin", "leave one out")
        return ManualLocator((frames[0].luma.shape[0], frames[0].luma.shape[1]), region_px, side)
    if view == "skin":
        return SkinLocator(_skin(frames, is_told=True), side)
    locator: Locator | None = None
    if view in (None, "face"):
        locator = _face(frames, settings, is_mirrored=bool(mirrored))
    if locator is None and view in (None, "eye"):
        locator = _eye(frames, side, is_mirrored=bool(mirrored))
    if locator is None and view is None:
        locator = SkinLocator(_skin(frames, is_told=False), side)
    if locator is None:
        shown = {"face": "a whole face", "eye": "an open eye that fills a good part of the picture"}[view or "face"]
        raise NothingToMeasureError(f"no {view} was found", shown, "leave --view out, or film closer and brighter")
    return locator


def _face(frames: Sequence[Frame], settings: LocateSettings, *, is_mirrored: bool) -> Locator | None:
    place = find_face(frames)
    return None if place is None else FaceLocator(place, settings, is_mirrored=is_mirrored)


def _eye(frames: Sequence[Frame], side: BodySide | None, *, is_mirrored: bool) -> Locator | None:
    """The side that the user gives tells on which side of the picture the outer corner lies; nothing else names it."""
    outer_on_left = None if side is None else (side == "right") != is_mirrored
    place = find_eye(frames, outer_on_left)
    return None if place is None else EyeLocator(place, side)


def _skin(frames: Sequence[Frame], *, is_told: bool) -> SkinPlace:
    """Skin that the user promised comes with a warning where anything speaks against it.

    Of skin that nobody promised, whatever does refuses it; only a grey film gets the benefit of doubt.
    """
    area = skin_area(frames)
    if area is None:
        raise NothingToMeasureError(
            "nothing in the middle stands out", "skin that fills a twelfth of the picture or more", "film closer"
        )
    if is_lifeless(frames, area):
        raise NothingToMeasureError("the picture is too flat to be tracked", "skin in focus and in light", "film again")
    against = _against(frames, area)
    if not is_told and against and against[0] != GREY:
        expected = "a face, an eye close-up or skin that fills the middle"
        raise NothingToMeasureError(against[0], expected, "if it is skin, say so with --view skin or --region X,Y,W,H")
    return SkinPlace(area, ("skin-not-sure",) if against else ())


def _against(frames: Sequence[Frame], area: BoolArray) -> list[str]:
    """Name all that speaks against skin, gravest first; that a film is grey says the least."""
    colour = colour_doubt(frames, area)
    looks = GREY if colour == GREY else f"what fills the middle looks like no skin: {colour}"
    doubts = [
        (changes_content(frames, area), "the picture changes too much to be one body part"),
        (has_hard_edges(frames, area), "the picture is crossed by hard edges"),
        (colour is not None, looks),
    ]
    return [found for speaks, found in doubts if speaks]
