"""Which folder each clip's result goes to: never one folder for two clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vision.errors import SettingsError


def result_folders(clips: Sequence[Path], out: Path | None) -> list[Path]:
    """Choose a folder for each clip.

    Parameters
    ----------
    out : as the user said; None: ``STEM-twitchscope`` beside each clip. Several clips go to ``out/STEM``.

    Raises
    ------
    SettingsError
        Two clips would share a folder, as ``a.mp4`` and ``a.mov`` do.
    """
    if out is None:
        folders = [clip.parent / f"{clip.stem}-twitchscope" for clip in clips]
    else:
        folders = [out] if len(clips) == 1 else [out / clip.stem for clip in clips]
    seen: set[str] = set()
    for clip, folder in zip(clips, folders, strict=True):
        key = str(folder.absolute()).casefold()  # some disks do not tell A from a
        if key in seen:
            raise SettingsError(
                f"two clips would be written to {folder.name}, one of them {clip.name}",
                "a name of its own for each clip",
                "analyse them one at a time, each with its own --out",
            )
        seen.add(key)
    return folders
