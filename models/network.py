"""The trained network over whole sessions, as a predictor among others."""

import torch

from models.checkpoint import Trained
from models.fusion_net import Outputs
from models.predictions import Predictions
from models.sequences import whole
from models.windows import Windows


class Network:
    """A `models.predictions.Predictor`."""

    def __init__(self, trained: Trained, name: str = "network") -> None:
        self.name, self._trained = name, trained

    def predict(self, windows: Windows) -> Predictions:
        """Return one prediction for each step; row i follows from rows up to i alone."""
        readout = self.outputs(windows).readout
        vigilance, vigilance_sd = readout.vigilance()
        columns = {"attention": readout.attention[..., 0], "vigilance": vigilance, "load": readout.load[..., 0],
                   "attention_sd": readout.attention[..., 1], "vigilance_sd": vigilance_sd,
                   "load_sd": readout.load[..., 1]}
        return Predictions(self._trained.calibration.probabilities(readout.state[0].numpy()), readout.lapse[0].numpy(),
                           **{name: value[0].numpy() for name, value in columns.items()})

    @torch.inference_mode()
    def outputs(self, windows: Windows) -> Outputs:
        """Return all that the network says about a session, as a batch of one."""
        out: Outputs = self._trained.net(*whole(windows))
        return out
