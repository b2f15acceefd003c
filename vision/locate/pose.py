"""Head pose from the mesh's own three dimensions."""

from __future__ import annotations

import numpy as np

from vision.model.arrays import FloatArray

# Pairs of landmarks that span the head's own axes and hardly move with the face: across (picture left to right
# for an upright face) outer eye corners, temples, sides of the head; down the middle from the top of the
# forehead and the root of the nose to the bottom of the nose (not the chin, which the jaw moves).
ACROSS = ((33, 263), (127, 356), (234, 454))
DOWN = ((10, 2), (151, 2), (9, 2))


def head_pose_deg(points: FloatArray) -> FloatArray:
    """Measure nod, turn and lean of a face mesh.

    Parameters
    ----------
    points : (478, 3) px, x right, y down, z away from the camera.

    Returns
    -------
    (3,) degrees: nod (> 0 looks down), turn (> 0 towards the picture's right), lean (> 0 clockwise in the picture).
    The zero of the nod is that of this mesh, good for changes and not for absolutes.

    Notes
    -----
    The head's axes are sums of difference vectors between landmarks, made orthogonal (Gram-Schmidt), and their
    rotation R = Rz(lean) Ry(turn) Rx(nod) is read as angles. Exact for a rigid turn of a rigid face.
    """
    across = _unit(np.sum([points[b] - points[a] for a, b in ACROSS], axis=0))
    down = np.sum([points[b] - points[a] for a, b in DOWN], axis=0)
    down = _unit(down - across * float(down @ across))
    ahead: FloatArray = np.cross(across, down)  # away from the camera for a face that looks into it
    nod = np.arctan2(down[2], ahead[2])
    turn = np.arcsin(np.clip(across[2], -1.0, 1.0))
    lean = np.arctan2(across[1], across[0])
    return np.asarray(np.degrees(np.array([nod, turn, lean])))


def facing_share(outline: FloatArray) -> float:
    """Give the share of a (K, 3) outline that faces the camera: 1 seen straight on, 0 edge on, < 0 from behind.

    The outline runs clockwise in the picture for a positive value; the normal is Newell's.
    """
    following = np.roll(outline, -1, axis=0)
    normal = 0.5 * np.cross(outline, following).sum(axis=0)
    size = float(np.linalg.norm(normal))
    return float(normal[2]) / size if size > 0 else 0.0


def _unit(vector: FloatArray) -> FloatArray:
    size = float(np.linalg.norm(vector))
    return np.asarray(vector / size if size > 0 else vector)
