"""Pictures of a timeline as SVG: rates over days, and where on face and body. Schematic; no picture of the patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from vision.library.timeline import Film

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 760, 260, 60, 40, 20
# Centres on a face of 200 x 240, the patient's right on the left as one sees a person; midline parts have one.
FACE = {
    "forehead": (100, 45), "brow": (65, 75), "upper-eyelid": (65, 92), "lower-eyelid": (65, 108), "cheek": (55, 145),
    "nose": (100, 125), "mouth-corner": (75, 175), "upper-lip": (88, 167), "lower-lip": (88, 185), "chin": (100, 212),
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


def rate_chart(films: Sequence[Film]) -> Markup:
    """Draw the rate of each film over days with its interval; comparable films are joined, others hollow."""
    dated = [(film, film.filmed_on) for film in films if film.filmed_on and film.outcome.rate_per_min is not None]
    if not dated:
        return Markup("<p>No film has both a day and a rate.</p>")
    first = min(day for _, day in dated)
    span = max(1, (max(day for _, day in dated) - first).days)
    highest = max(1.0, *(film.outcome.rate_high_per_min or film.outcome.rate_per_min or 0.0 for film, _ in dated))

    def x(day_count: int) -> float:
        return LEFT + 10 + (WIDTH - LEFT - 30) * day_count / span

    def y(rate: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * rate / highest

    marks, line = [], []
    for film, day in dated:
        rate = film.outcome.rate_per_min or 0.0
        at = x((day - first).days)
        low, high = film.outcome.rate_low_per_min, film.outcome.rate_high_per_min
        if low is not None and high is not None:
            marks.append(
                Markup('<line class="interval" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>').format(
                    at, y(low), y(high)
                )
            )
        kind = "joined" if film.beside is None else "beside"
        title = f"{day}: {rate:.1f} a minute" + ("" if film.beside is None else f"; not joined: {film.beside}")
        marks.append(
            Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="5"><title>{}</title></circle>').format(
                kind, at, y(rate), title
            )
        )
        if film.beside is None:
            line.append(f"{at:.1f},{y(rate):.1f}")
    joined = Markup('<polyline class="course" points="{}"/>').format(" ".join(line))
    return _svg(
        WIDTH,
        HEIGHT,
        "Rate of each film over the days",
        [_axes(str(first), max(day for _, day in dated).isoformat(), highest), joined, *marks],
    )


def _axes(first: str, last: str, highest: float) -> Markup:
    bottom = HEIGHT - BOTTOM
    return Markup(
        '<path class="axis" d="M{l} {t}V{b}H{r}"/><text x="{l}" y="{y}">{first}</text>'
        '<text x="{r}" y="{y}" text-anchor="end">{last}</text><text x="{n}" y="{q}" text-anchor="end">{high:.0f}</text>'
        '<text x="{n}" y="{b}" text-anchor="end">0</text><text x="4" y="14">twitches a minute</text>'
    ).format(
        l=LEFT,
        t=TOP,
        b=bottom,
        r=WIDTH - 10,
        y=bottom + 20,
        first=first,
        last=last,
        n=LEFT - 6,
        q=TOP + 16,
        high=highest,
    )


def face_map(counts: Mapping[str, int]) -> Markup:
    """Draw how many films showed a twitch in each region of the face. `counts` by label such as "right cheek"."""
    dots = []
    for label, count in counts.items():
        side, _, name = label.rpartition(" ")
        if name in FACE and count:
            x, y = FACE[name]
            dots.append(_dot(200 - x if side == "left" else x, y, count, label))
    outline = Markup('<ellipse class="body" cx="100" cy="125" rx="78" ry="105"/>')
    words = Markup('<text x="4" y="236">right</text><text x="196" y="236" text-anchor="end">left</text>')
    return _svg(200, 240, "Where on the face", [outline, words, *dots])


def body_map(counts: Mapping[str, int]) -> tuple[Markup, list[str]]:
    """Draw how many films of each body part showed a twitch; names that have no place on the map come back."""
    dots, unplaced = [], []
    for label, count in counts.items():
        word = next((word for word in sorted(BODY, key=len, reverse=True) if word in label.casefold()), None)
        if word is None:
            unplaced.append(label)
            continue
        x, y = BODY[word]
        dots.append(_dot(200 - x if "left" in label.casefold().split() else x, y, count, label))
    outline = Markup(
        '<circle class="body" cx="100" cy="40" r="24"/><path class="body" d="M72 80H128L166 210L150 216L126 130V200'
        'L122 370H104L100 215L96 370H78L74 200V130L50 216L34 210Z"/>'
    )
    words = Markup('<text x="4" y="396">right</text><text x="196" y="396" text-anchor="end">left</text>')
    return _svg(200, 400, "Where on the body", [outline, words, *dots]), unplaced


def _dot(x: float, y: float, count: int, label: str) -> Markup:
    radius = min(14.0, 4.0 + 2.0 * count**0.5)
    title = f"{label}: twitches in {count} film{'' if count == 1 else 's'}"
    return Markup('<circle class="place" cx="{}" cy="{}" r="{:.1f}"><title>{}</title></circle>').format(
        x, y, radius, title
    )


def _svg(width: int, height: int, alt: str, inside: Sequence[Markup]) -> Markup:
    head = Markup('<svg role="img" viewBox="0 0 {0} {1}" width="{0}" height="{1}"><title>{2}</title>').format(
        width, height, alt
    )
    return head + Markup("").join(inside) + Markup("</svg>")
