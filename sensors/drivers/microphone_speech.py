"""Speech probability by Silero VAD: its ONNX model, without its package, which would take seconds to import."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime

from sensors.drivers.microphone_source import FRAME
from sensors.errors import DeviceError
from sensors.messages import FloatArray

CONTEXT = 64
"""Samples of the frame before, which it sees in front of them."""
MODEL = "silero_vad.onnx"


def model_path() -> Path:
    """Return where the silero-vad package keeps its model, without importing the package.

    Raises
    ------
    DeviceError
        If the package or its model is not there.
    """
    spec = find_spec("silero_vad")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / MODEL
        if path.is_file():
            return path
    raise DeviceError(f"The speech model {MODEL} of the package silero-vad is not installed.",
                      "Run: pip install 'attnflow[microphone]'")


class SpeechProbability:
    """The model with its state.

    Attributes
    ----------
    model : str
        File name and the first digits of its SHA-256, for the stream's description.
    """

    def __init__(self) -> None:
        path = model_path()
        content = path.read_bytes()
        self.model = f"{MODEL} sha256:{hashlib.sha256(content).hexdigest()[:16]}"
        options = onnxruntime.SessionOptions()
        # One thread that sleeps when idle: a frame takes less time than waking a second thread.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exception classes share no public base
            raise DeviceError(f"The speech model {path} does not load ({error}).",
                              "Run: pip install --force-reinstall silero-vad") from error
        self._input = np.zeros((1, CONTEXT + FRAME), np.float32)
        self._state = np.zeros((2, 1, 128), np.float32)
        self._feed = {"input": self._input, "state": self._state, "sr": np.array(16000, np.int64)}

    def __call__(self, frame: FloatArray) -> float:
        """Return the probability 0..1 that `frame`, (512,) float32 at 16 kHz, holds speech."""
        self._input[0, :CONTEXT] = self._input[0, FRAME:]
        self._input[0, CONTEXT:] = frame
        probability, state = self._session.run(None, self._feed)
        self._state[...] = state
        return float(probability[0, 0])
