"""The only importer of mediapipe: two models from its wheel behind two small classes. Nothing is downloaded."""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np

from vision.locate.mesh import EYE_MODEL_ORDER, LANDMARK_COUNT
from vision.model.arrays import ByteArray, FloatArray

EYE_MODEL_SIDE_PX = 64  # the eye model reads a picture of 64 x 64 px
EYE_MODEL_POINTS = len(EYE_MODEL_ORDER)
IRIS_POINTS = 5  # centre, then four on the rim

POSTPONED = ("mediapipe", "mediapipe.python.solutions")  # packages that load all there is

_EYE_GRAPH = """
input_stream: "IMAGE:image"
output_stream: "EYE:eye"
output_stream: "IRIS:iris"
node {
  calculator: "ImageToTensorCalculator"
  input_stream: "IMAGE:image"
  output_stream: "TENSORS:input"
  options { [mediapipe.ImageToTensorCalculatorOptions.ext] {
    output_tensor_width: 64 output_tensor_height: 64 output_tensor_float_range { min: 0.0 max: 1.0 } } }
}
node {
  calculator: "InferenceCalculatorCpu"
  input_stream: "TENSORS:input"
  output_stream: "TENSORS:output"
  options { [mediapipe.InferenceCalculatorOptions.ext] {
    model_path: "mediapipe/modules/iris_landmark/iris_landmark.tflite" delegate { xnnpack {} } } }
}
node {
  calculator: "SplitTensorVectorCalculator"
  input_stream: "output"
  output_stream: "eye_tensor"
  output_stream: "iris_tensor"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] {
    ranges { begin: 0 end: 1 } ranges { begin: 1 end: 2 } } }
}
node {
  calculator: "TensorsToLandmarksCalculator"
  input_stream: "TENSORS:eye_tensor"
  output_stream: "LANDMARKS:eye"
  options { [mediapipe.TensorsToLandmarksCalculatorOptions.ext] { num_landmarks: 71 } }
}
node {
  calculator: "TensorsToLandmarksCalculator"
  input_stream: "TENSORS:iris_tensor"
  output_stream: "LANDMARKS:iris"
  options { [mediapipe.TensorsToLandmarksCalculatorOptions.ext] { num_landmarks: 5 } }
}
"""


class FaceModel:
    """MediaPipe FaceMesh with irises (Kartynnik et al. 2019, arXiv:1907.06724).

    Parameters
    ----------
    is_stream : True for frames in order (the last place is followed), False for unrelated pictures.
    max_faces : how many faces are looked for.
    smallest_score : score from 0 to 1 that a detection must reach.

    Notes
    -----
    Following depends on the order of the calls alone, so one instance serves one clip.
    """

    def __init__(self, *, is_stream: bool, max_faces: int, smallest_score: float) -> None:
        with _quiet():
            _postpone_all_of_mediapipe()
            from mediapipe.python.solutions.face_mesh import FaceMesh

            self._mesh: Any = FaceMesh(
                static_image_mode=not is_stream,
                max_num_faces=max_faces,
                refine_landmarks=True,
                min_detection_confidence=smallest_score,
            )
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))  # the models announce themselves at their first picture
        self._has_found = False

    def landmarks(self, rgb: ByteArray) -> list[FloatArray]:
        """Find faces in an (h, w, 3) picture.

        Returns
        -------
        one (478, 3) array a face: x and y in px of `rgb`, z in the same unit, smaller towards the camera.
        """
        height, width = rgb.shape[:2]
        with nullcontext() if self._has_found else _quiet():  # it talks once more at the first face
            found = self._mesh.process(np.ascontiguousarray(rgb)).multi_face_landmarks or []
        self._has_found |= bool(found)
        return [_points(face.landmark, LANDMARK_COUNT) * (width, height, width) for face in found]

    def close(self) -> None:
        """Free the graph. Safe to call twice."""
        if self._mesh is not None:
            with _quiet():
                self._mesh.close()
            self._mesh = None


class EyeModel:
    """MediaPipe's eye and iris model alone, without a face around it (Ablavatski et al. 2020, arXiv:2006.11341).

    It has no score of its own: whatever it is shown, it answers with an eye. Who asks must check (see eye_search).
    """

    def __init__(self) -> None:
        with _quiet():
            _postpone_all_of_mediapipe()
            from google.protobuf import text_format  # type: ignore[import-untyped]
            from mediapipe.calculators.core import split_vector_calculator_pb2  # noqa: F401 makes the option known
            from mediapipe.calculators.tensor import (
                image_to_tensor_calculator_pb2,  # noqa: F401
                inference_calculator_pb2,  # noqa: F401
                tensors_to_landmarks_calculator_pb2,  # noqa: F401
            )
            from mediapipe.framework import calculator_pb2
            from mediapipe.python.solution_base import SolutionBase

            graph = text_format.Parse(_EYE_GRAPH, calculator_pb2.CalculatorGraphConfig())
            self._graph: Any = SolutionBase(graph_config=graph)
            self._graph.process(np.zeros((EYE_MODEL_SIDE_PX, EYE_MODEL_SIDE_PX, 3), np.uint8))

    def points(self, rgb: ByteArray) -> FloatArray:
        """Read an eye whose outer corner lies on the picture's left; mirror any other.

        Parameters
        ----------
        rgb : (64, 64, 3) uint8.

        Returns
        -------
        (76, 2) px of `rgb`: the 71 points of `mesh.EYE_MODEL_ORDER`, then the iris.
        """
        answer = self._graph.process(np.ascontiguousarray(rgb))
        eye = _points(answer.eye.landmark, EYE_MODEL_POINTS)
        iris = _points(answer.iris.landmark, IRIS_POINTS)
        return np.vstack([eye, iris])[:, :2]

    def close(self) -> None:
        """Free the graph. Safe to call twice."""
        if self._graph is not None:
            with _quiet():
                self._graph.close()
            self._graph = None


def _postpone_all_of_mediapipe() -> None:
    """Have only those modules of mediapipe loaded that are asked for.

    Its packages import all of its solutions, matplotlib for their drawings, and its microphone, whose search for a
    library runs a compiler, a program by its name alone. These two packages stand empty until somebody asks one for
    what it lacks; then both load as ever.
    """
    for name in POSTPONED:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is not None:
            package = importlib.util.module_from_spec(spec)
            package.__dict__["__getattr__"] = _loading(package)  # PEP 562
            sys.modules[name] = package


def _loading(package: ModuleType) -> Callable[[str], Any]:
    def sought(attribute: str) -> Any:
        if attribute.startswith("__") and attribute != "__version__":
            raise AttributeError(attribute)  # Python looks for such names in passing
        for name in reversed(POSTPONED):
            _complete(sys.modules[name])
        return getattr(package, attribute)

    return sought


def _complete(package: ModuleType) -> None:
    """Load what stands empty; if that fails, it stands empty as before."""
    hook = package.__dict__.pop("__getattr__", None)
    if hook is None or package.__spec__ is None or package.__spec__.loader is None:
        return
    try:
        package.__spec__.loader.exec_module(package)
    except BaseException:
        package.__dict__["__getattr__"] = hook
        raise


def _points(landmarks: Any, count: int) -> FloatArray:
    points = np.array([(point.x, point.y, point.z) for point in landmarks])
    return points.reshape(count, 3)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the chatter of the native libraries off stderr while they load; logging set-up stays as it was."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*SymbolDatabase.GetPrototype", category=UserWarning)
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
