"""twitchscope: measures muscle twitches in phone video.

    from vision import analyse
    result = analyse(Path("clip.mp4"))
    print(result.document.pattern.label)

The names below load on first use: importing `vision` starts no heavy library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vision.errors import ClipError, SettingsError, TwitchscopeError
    from vision.isolate import analyse_isolated
    from vision.model.request import Request
    from vision.model.result import AnalysisResult, ResultDocument
    from vision.pipeline import analyse
    from vision.report.export import read_result, write_result
    from vision.report.html import write_report
    from vision.settings import Settings, load_settings

_HOME = {
    "AnalysisResult": "vision.model.result",
    "ClipError": "vision.errors",
    "Request": "vision.model.request",
    "ResultDocument": "vision.model.result",
    "Settings": "vision.settings",
    "SettingsError": "vision.errors",
    "TwitchscopeError": "vision.errors",
    "analyse": "vision.pipeline",
    "analyse_isolated": "vision.isolate",
    "load_settings": "vision.settings",
    "read_result": "vision.report.export",
    "write_report": "vision.report.html",
    "write_result": "vision.report.export",
}

__all__ = [
    "AnalysisResult",
    "ClipError",
    "Request",
    "ResultDocument",
    "Settings",
    "SettingsError",
    "TwitchscopeError",
    "analyse",
    "analyse_isolated",
    "load_settings",
    "read_result",
    "write_report",
    "write_result",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vision' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
