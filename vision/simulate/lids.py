"""An eye that can close: the upper lid comes down over an eyeball that stays where it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.model.arrays import FloatArray

LID_EDGE_PX = 1.0  # over which skin gives way to eyeball


@dataclass(frozen=True, eq=False)
class Eye:
    """Curves of one eye at rest over K columns, in pixels of the scene.

    column_px : (K,) increasing, from one corner to the other.
    brow_px, upper_px, lower_px : (K,) heights: where the lid's skin begins below the brow, its margin, the lower lid's
        margin. At the corners both margins meet.
    nasal_sign : +1 where the nose is to the right in the picture.
    """

    side: str
    column_px: FloatArray
    brow_px: FloatArray
    upper_px: FloatArray
    lower_px: FloatArray
    nasal_sign: int

    @property
    def width_px(self) -> float:
        """Corner to corner."""
        return float(self.column_px[-1] - self.column_px[0])

    @property
    def centre_px(self) -> tuple[float, float]:
        """Middle of the opening."""
        return (
            float(self.column_px[[0, -1]].mean()),
            float((self.upper_px.min() + self.lower_px.max()) / 2),
        )

    def bounds_px(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what lids can move over."""
        return (
            float(self.column_px[0]),
            float(self.brow_px.min()),
            float(self.column_px[-1]),
            float(self.lower_px.max()),
        )

    def curves(self, x_px: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Brow, upper and lower margin at some columns; level beyond the corners, where the opening has no height."""
        brow, upper, lower = (
            np.interp(x_px, self.column_px, curve) for curve in (self.brow_px, self.upper_px, self.lower_px)
        )
        return brow, upper, lower


def see_through_lids(
    eye: Eye,
    shut_share: float,
    frame_xy: tuple[FloatArray, FloatArray],
    skin_xy: tuple[FloatArray, FloatArray],
    gaze_px: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Find where in the scene at rest the pixels around an eye come from.

    Parameters
    ----------
    shut_share : 0 as at rest, 1 shut.
    frame_xy : where each pixel lies on the body, twitches not undone: what is seen of the eyeball.
    skin_xy : the same with twitches undone: what is seen if there is skin.
    gaze_px : (2,) how far the front of the eyeball has turned to the right and down.

    Returns
    -------
    x, y of the same shape. Without a twitch and with open lids they equal `frame_xy`.
    """
    x, y = skin_xy
    brow, upper, lower = eye.curves(x)
    margin = upper + shut_share * (lower - upper)
    lid_y = np.where((y > brow) & (y < margin), _lid_source(y, brow, upper, margin - upper), y)
    inside = np.clip(np.minimum(y - margin, lower - y) / LID_EDGE_PX, 0, 1)
    # Where a lid uncovers more of the eyeball than the picture at rest shows, its rim is drawn out.
    _, rest_upper, rest_lower = eye.curves(frame_xy[0])
    ball_x, ball_y = frame_xy[0], np.clip(frame_xy[1], rest_upper, rest_lower)
    if gaze_px is not None and gaze_px.any():
        ball_x, ball_y = _turned_ball(eye, ball_x, ball_y, gaze_px)
    return x + inside * (ball_x - x), lid_y + inside * (ball_y - lid_y)


def _turned_ball(eye: Eye, x: FloatArray, y: FloatArray, gaze_px: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Undo a turn of the eyeball: its middle goes all the way, the white at the corners is drawn out or squeezed.

    What lies under the lids at rest was never pictured; there the rim is drawn out.
    """
    across = np.clip(2 * (x - eye.column_px[0]) / eye.width_px - 1, -1, 1)
    share = 1 - across**4
    turned_x = x - share * gaze_px[0]
    _, upper, lower = eye.curves(turned_x)
    return turned_x, np.clip(y - share * gaze_px[1], upper, np.maximum(lower, upper))


def _lid_source(y: FloatArray, brow: FloatArray, upper: FloatArray, travel: FloatArray) -> FloatArray:
    """Undo the unfolding of the upper lid.

    The skin at a share v of the way from brow to margin moves down by travel·(2v - v²): the margin with its lashes
    travels whole, the skin below the brow unfolds. This is the root of height·v + travel·(2v - v²) = y - brow.
    """
    height = np.maximum(upper - brow, 1e-6)
    depth = np.clip(y - brow, 0, height + travel)
    total = height + 2 * travel
    share = 2 * depth / (total + np.sqrt(np.maximum(total**2 - 4 * travel * depth, 0)))
    return np.asarray(brow + share * height)
