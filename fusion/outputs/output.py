"""The output contract, and the registry that finds one by the name of its table."""

import importlib
import math
from typing import Any, NamedTuple, Protocol

from fusion.outputs.gaze import Gaze
from sensors.messages import AnyMessage, State
from sensors.rig_outputs import OutputConfig

STARTING = "starting"
"""The status that is told before the first state."""


def confidence(state: State) -> float:
    """Return the probability of the state that is named; NaN where none is given, as for "unknown"."""
    return state.probabilities.get(state.state, math.nan)


class Output(Protocol):
    """One way out. The constructor takes its table of the rig and touches nothing."""

    def open(self) -> None:
        """Bind, connect or announce.

        Raises
        ------
        DeviceError
            If it cannot; nothing stays half open.
        """
        ...

    def send(self, message: AnyMessage | Gaze) -> None:
        """Tell one thing, at once and without waiting for whoever reads it.

        It is given messages of the topics info, state, alert, event and hint in the order of the bus, and every gaze
        that was measured. What held before it opened (streams, active alerts and hints, targets) comes first.
        """
        ...

    def received(self) -> list[AnyMessage]:
        """Return what apps said since the last call (targets, answers, markers), for the bus; never waits."""
        ...

    def trouble(self) -> str:
        """Return one sentence about what is wrong at present, or "" if nothing is."""
        ...

    def close(self) -> None:
        """Stop; safe to call twice, and after a failed `open`."""
        ...


class Registered(NamedTuple):
    """One row of the registry."""

    path: str
    """``module:Class``."""
    what: str


OUTPUTS: dict[str, Registered] = {
    "osc": Registered("fusion.outputs.osc:Osc", "VRChat eye tracking and /attnflow/* by OSC over UDP"),
    "lsl": Registered("fusion.outputs.lsl:Lsl", "state, features and markers as Lab Streaming Layer outlets"),
    "websocket": Registered("fusion.outputs.websocket:WebSocket", "JSON for browsers, WebXR, Unity and game engines"),
    "can": Registered("fusion.outputs.can:Can", "state and alerts on a CAN bus"),
}
"""Every output by the name of its table in the rig."""


def build(name: str, config: OutputConfig) -> Output:
    """Return the output `name`, not yet opened; this imports its libraries."""
    module, _, kind = OUTPUTS[name].path.partition(":")
    output: Any = getattr(importlib.import_module(module), kind)(config)
    made: Output = output
    return made
