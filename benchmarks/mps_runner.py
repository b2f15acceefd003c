"""Run by the interpreter of an environment that holds mps-motion: film.npz in, size of the displacement out.

It imports nothing of this project. Works through the film in pieces, each against the film's first frame.
"""

import sys
from pathlib import Path

import numpy as np
from mps_motion import MPSData, OpticalFlow

PIECE = 120  # frames in memory at a time


def main(there: Path, back: Path) -> None:
    with np.load(there) as film:
        luma, time_s, side = film["luma"], film["time_s"], int(film["block_px"])
    frames = np.moveaxis(luma, 0, -1)  # the package wants (rows, columns, times)
    sizes = []
    for first in range(0, frames.shape[-1], PIECE):
        piece = slice(first, first + PIECE)
        data = MPSData(frames=frames[..., piece], time_stamps=1000 * time_s[piece], info={"um_per_pixel": 1.0})
        flow = OpticalFlow(data, flow_algorithm="farneback")
        found = flow.get_displacements(unit="pixels", reference_image=frames[..., 0])
        size = np.asarray(found.norm().array)
        rows, columns = size.shape[0] // side, size.shape[1] // side
        cut = size[: rows * side, : columns * side].reshape(rows, side, columns, side, -1)
        sizes.append(cut.mean(axis=(1, 3)).reshape(rows * columns, -1).T)
    np.savez(back, size=np.concatenate(sizes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
