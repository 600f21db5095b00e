"""What weights carry beside numbers: format, layout, states, architecture, calibration and the model card."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.layout import layout_hash
from models.calibration import Calibration
from models.errors import ModelError
from models.labels import STATES
from models.presets import Preset

FORMAT = "attnflow network 1"
AGAIN = "Train weights for this version with: attnflow train --config default"


@dataclass(frozen=True, eq=False)
class Header:
    """The same for every format of file."""

    preset: Preset
    calibration: Calibration
    card: dict[str, Any]
    """What the weights were trained and tested on, as plain tables."""

    def as_text(self) -> dict[str, str]:
        """Return the header as names and texts."""
        told = self.calibration
        return {
            "format": FORMAT, "layout": layout_hash(), "states": ",".join(STATES),
            "preset": json.dumps(asdict(self.preset)), "card": json.dumps(self.card),
            "calibration": json.dumps({
                "temperature": told.temperature, "missed": told.missed, "strange": told.strange,
                "centres": _packed(told.centres), "precision": _packed(told.precision)})}


def checked(where: str, text: Mapping[str, str]) -> Header:
    """Return the header that was written as `text`.

    Raises
    ------
    ModelError
        If the file is none of ours, or made for another feature layout or other states.
    """
    if text.get("format") != FORMAT:
        raise ModelError(f"{where}: these are no weights of attnflow, their format is '{text.get('format', '')}', "
                         f"expected '{FORMAT}'.", AGAIN)
    for name, ours in (("layout", layout_hash()), ("states", ",".join(STATES))):
        if text.get(name) != ours:
            raise ModelError(f"{where}: the weights were trained for the {name} {text.get(name)}, "
                             f"this version has {ours}.", AGAIN)
    try:
        told = json.loads(text["calibration"])
        calibration = Calibration(**told | {name: _unpacked(told[name]) for name in ("centres", "precision")})
        return Header(Preset(**json.loads(text["preset"])), calibration, json.loads(text["card"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{where}: the header of the weights is damaged ({error}).", AGAIN) from None


def _packed(values: NDArray[np.float32]) -> dict[str, Any]:
    return {"shape": values.shape, "float32": base64.b64encode(values.astype("<f4").tobytes()).decode()}


def _unpacked(packed: dict[str, Any]) -> NDArray[np.float32]:
    values = np.frombuffer(base64.b64decode(packed["float32"]), "<f4")
    return values.reshape(packed["shape"]).astype(np.float32)
