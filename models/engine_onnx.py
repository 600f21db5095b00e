"""Steps of the network by ONNX Runtime: what a session runs; torch is not imported."""

from pathlib import Path
from typing import Any

from models.calibration import Calibration
from models.errors import ModelError
from models.header import Header, checked
from models.presets import Preset
from models.step import StepInput, StepOutput


class OnnxEngine:
    """A `models.step.Engine` over an exported network.

    One thread and the same order of operations at every run, so that a replay gives the same bits.

    Parameters
    ----------
    path
        From `models.export.export`.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or made for another feature layout or other states.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if not path.is_file():
            raise ModelError(f"There are no weights at {path}.", "Train some with: attnflow train --config default")
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime raises classes of its own that it does not name
            raise ModelError(f"{path}: the network is damaged ({str(error).splitlines()[0][:120]}).",
                             "Train it again with: attnflow train --config default") from None
        self.header: Header = checked(str(path), self._session.get_modelmeta().custom_metadata_map)
        self.preset: Preset = self.header.preset
        self.calibration: Calibration = self.header.calibration
        self._wanted = {place.name for place in self._session.get_inputs()}

    def run(self, given: StepInput) -> StepOutput:
        """Run one step."""
        feed = {name: value for name, value in given._asdict().items() if name in self._wanted}
        return StepOutput(*self._session.run(None, feed))

