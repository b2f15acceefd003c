"""Where on face and body films showed twitches. Schematic; no picture of the patient."""

from __future__ import annotations

from collections.abc import Mapping

from vision.library.shapes import RUST, SKIN, Dot, Path, Picture, Shape, Style, Word, circle

# Centres on a face of 200 x 240, the patient's right on the left as one sees a person; midline parts have one.
FACE = {
    "forehead": (65, 52), "brow": (65, 75), "upper-eyelid": (65, 92), "lower-eyelid": (65, 108), "cheek": (55, 145),
    "nose": (88, 128), "mouth-corner": (75, 175), "upper-lip": (88, 167), "lower-lip": (88, 185), "chin": (88, 212),
}  # fmt: skip
# Words that name a body part, and where it lies on a body of 200 x 400 seen from the front.
BODY = {
    "thumb": (36, 222), "finger": (38, 228), "hand": (40, 215), "wrist": (44, 200), "forearm": (50, 175),
    "elbow": (56, 150), "shoulder": (68, 88), "upper arm": (60, 120), "arm": (56, 140), "biceps": (60, 120),
    "eyelid": (92, 35), "eye": (92, 35), "face": (100, 42), "cheek": (92, 45), "lip": (100, 52), "chin": (100, 58),
    "neck": (100, 70), "chest": (85, 110), "back": (100, 120), "belly": (100, 150), "abdomen": (100, 150),
    "hip": (80, 190), "buttock": (85, 200), "thigh": (82, 235), "knee": (82, 275), "calf": (82, 310),
    "shin": (82, 310), "ankle": (82, 350), "foot": (80, 368), "toe": (78, 376), "leg": (82, 290),
}  # fmt: skip
MIDDLE = 100.0
OUTLINE = Style(SKIN, "#999999")
TWITCHED = Style(RUST, None, opacity=0.75)
BODY_OUTLINE = (
    (72, 80), (128, 80), (166, 210), (150, 216), (126, 130), (126, 200), (122, 370), (104, 370), (100, 215), (96, 370),
    (78, 370), (74, 200), (74, 130), (50, 216), (34, 210),
)  # fmt: skip


def face_map(counts: Mapping[str, int]) -> Picture:
    """Draw how many films showed a twitch in each region of the face. `counts` by label such as "right cheek"."""
    dots: list[Shape] = []
    for label, count in counts.items():
        side, _, name = label.rpartition(" ")
        if name in FACE and count:
            x, y = FACE[name]
            dots.append(_dot({"right": x, "left": 2 * MIDDLE - x}.get(side, MIDDLE), y, count, label))
    face = Dot((MIDDLE, 125), (78, 105), OUTLINE)
    eyes = [Dot((x, 100), (16, 6), Style(None, "#999999")) for x in (65, 135)]
    mouth = Path(((78, 176), (100, 179), (122, 176)), Style(None, "#999999"))
    return Picture((200, 240), "Where on the face", (face, *eyes, mouth, *_sides(236), *dots))


def body_map(counts: Mapping[str, int]) -> tuple[Picture, list[str]]:
    """Draw how many films of each body part showed a twitch; names that have no place on the map come back."""
    dots, unplaced = [], []
    for label, count in counts.items():
        word = next((word for word in sorted(BODY, key=len, reverse=True) if word in label.casefold()), None)
        if word is None:
            unplaced.append(label)
            continue
        x, y = BODY[word]
        dots.append(_dot(2 * MIDDLE - x if "left" in label.casefold().split() else x, y, count, label))
    body = (circle(MIDDLE, 40, 24, OUTLINE), Path(BODY_OUTLINE, OUTLINE, is_closed=True))
    return Picture((200, 400), "Where on the body", (*body, *_sides(396), *dots)), unplaced


def _sides(y: float) -> tuple[Word, Word]:
    return Word((4, y), "right"), Word((196, y), "left", "end")


def _dot(x: float, y: float, count: int, label: str) -> Dot:
    tip = f"{label}: twitches in {count} film{'' if count == 1 else 's'}"
    return circle(x, y, min(14.0, 4.0 + 2.0 * count**0.5), TWITCHED, tip)
