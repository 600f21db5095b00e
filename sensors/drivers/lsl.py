"""The LSL driver: any stream of the Lab Streaming Layer, by name, type, source or predicate.

EEG comes in uV and gaze in the camera's columns; a stream of markers has no columns and is told as `Marker` messages.
Sound comes through the microphone driver, which needs its own preparation. How stamps become session time is told in
`lsl_clock` and `lsl_stamps`.
"""

from sensors.driver import Aside, Samples, Setting
from sensors.drivers.headset_config import HeadsetConfig
from sensors.drivers.headset_driver import Headset
from sensors.drivers.headset_simulated import SimulatedHeadset
from sensors.drivers.lsl_config import LslConfig
from sensors.drivers.lsl_stream import LslStream
from sensors.messages import StreamInfo


class Lsl:
    """One LSL stream, or the simulated headset.

    Parameters
    ----------
    config
        The table.
    setting
        Stream name, session clock, and the participant for source "simulated".
    """

    def __init__(self, config: LslConfig, setting: Setting) -> None:
        self._source: LslStream | Headset = LslStream(config, setting)
        if config.source == "simulated":
            worn = HeadsetConfig(driver="lsl", source="simulated")
            self._source = Headset(worn, setting, SimulatedHeadset(setting, worn.rate_hz))

    def open(self) -> StreamInfo:
        """Open the stream and say what it is.

        Raises
        ------
        DeviceError
            If it cannot be opened; nothing stays half open.
        """
        return self._source.open()

    def read(self, timeout_s: float) -> Samples:
        """Return new samples, waiting at most `timeout_s` for the first.

        Raises
        ------
        DeviceError
            If the stream was lost.
        """
        return self._source.read(timeout_s)

    def aside(self) -> Aside:
        """Return markers, what is wrong, and offsets that were measured again."""
        return self._source.aside()

    def close(self) -> None:
        """Let go of the stream; safe to call twice, and after a failed `open`."""
        self._source.close()

    def lost(self) -> int:
        """Return how many samples were left out since `open`."""
        return self._source.lost()
