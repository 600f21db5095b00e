"""The driver contract: what a sensor must offer, and the registry that finds it by name.

A driver knows its hardware and nothing of the bus. It is built from its rig table, opened, read until it has no more,
and closed; `sensors.process` gives it a process, a heartbeat and a watchdog.
"""

import importlib
from typing import Any, NamedTuple, Protocol, runtime_checkable

import msgspec

from sensors.clock import Clock
from sensors.errors import RigError
from sensors.messages import FloatArray, Marker, StreamInfo, TimeArray
from sensors.simulated.story import ParticipantConfig


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every driver's config: frozen, typed, unknown keys refused; checks live in ``__post_init__``.

    A check raises ValueError with one sentence; `sensors.rig` adds the table's name and the known keys.
    """

    driver: str
    """Registry name of the driver; every config has its own as default."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Where a driver finds itself: everything it may need besides its own config."""

    stream: str
    """The stream's own name, which is its table name in the rig."""
    start_ns: int
    """The session's first moment; simulated sources count from it, so that all of them live in one story."""
    clock: Clock
    """The session clock; tests hand in a `FakeClock`."""
    participant: ParticipantConfig = ParticipantConfig()
    """Who is simulated, for sources that are."""


class Samples(NamedTuple):
    """What one `read` brought; an empty one (zero rows) means "nothing new, still alive"."""

    values: FloatArray
    """(time, column) float32, C order, NaN where not measured."""
    times_ns: TimeArray
    """(time,) int64, strictly increasing, session clock, stamped at the grab."""
    device_ns: TimeArray | None = None
    """(time,) int64, the device's own stamps, if it has any."""


class Driver(Protocol):
    """A sensor.

    The constructor takes ``(config, setting)`` and touches no hardware.
    """

    def open(self) -> StreamInfo:
        """Open the device and say what it granted.

        Raises
        ------
        DeviceError
            If it cannot be opened; nothing stays half open.
        """
        ...

    def read(self, timeout_s: float) -> Samples | None:
        """Return new samples, waiting at most `timeout_s` for them; empty if none came; None when the source is over.

        Raises
        ------
        DeviceError
            If the device vanished.
        """
        ...

    def close(self) -> None:
        """Release the device; safe to call twice, and after a failed `open`."""
        ...

    def lost(self) -> int:
        """Return how many samples the device itself lost since `open` (dropped frames, missing package numbers)."""
        ...


class Aside(NamedTuple):
    """What a driver has to say beside its samples."""

    markers: tuple[Marker, ...] = ()
    """Moments that its source named since it was last asked."""
    detail: str = ""
    """One sentence about what is wrong although samples may flow; "" when nothing is. It stands in `Health.detail`."""
    meta: tuple[tuple[str, str], ...] = ()
    """What has changed in `StreamInfo.meta`, such as a clock offset that was measured again."""


@runtime_checkable
class Talkative(Protocol):
    """A driver that says more than samples; most have no such method."""

    def aside(self) -> Aside:
        """Return what is to be said now; asked after every `read`, never waits."""
        ...


def aside_of(driver: Driver) -> Aside:
    """Return what `driver` says beside its samples; nothing of one that only has samples."""
    return driver.aside() if isinstance(driver, Talkative) else Aside()


class Registered(NamedTuple):
    """One row of the registry."""

    path: str
    """``module:Driver`` class."""
    config: str
    """``module:Config`` subclass of `Config`, its defaults and checks."""
    kind: str
    """The topic its chunks travel on; "" when only `StreamInfo.kind` can tell, as for a replay."""
    what: str
    one_cpu: bool = False
    """Whether its process keeps to one processor, because its library hands every sample from thread to thread and no
    two of those threads have work at a time."""


DRIVERS: dict[str, Registered] = {
    "webcam": Registered("sensors.drivers.webcam:Webcam", "sensors.drivers.webcam_config:WebcamConfig", "camera",
                         "camera, video file, URL, image folder or simulated face -> gaze, head, eyes", one_cpu=True),
    "microphone": Registered("sensors.drivers.microphone:Microphone",
                             "sensors.drivers.microphone_config:MicrophoneConfig", "microphone",
                             "sound device, sound file or simulated voice -> speech, loudness, pitch"),
    "eeg": Registered("sensors.drivers.eeg:Eeg", "sensors.drivers.eeg_config:EegConfig", "eeg",
                      "any BrainFlow board by name, or the simulated brain -> electrodes in uV"),
    "context": Registered("sensors.drivers.context:Context", "sensors.drivers.context_config:ContextConfig", "context",
                          "simulated vehicle or task demand"),
    "can": Registered("sensors.drivers.can:Can", "sensors.drivers.can_config:CanConfig", "context",
                      "a vehicle's CAN bus, a log of one, or a simulated vehicle -> speed, steering, gear, brake"),
    "truth": Registered("sensors.drivers.truth:Truth", "sensors.drivers.truth_config:TruthConfig", "truth",
                        "the simulated participant's hidden state; recorded, never read by the session"),
    "lsl": Registered("sensors.drivers.lsl:Lsl", "sensors.drivers.lsl_config:LslConfig", "",
                      "any Lab Streaming Layer stream by name, type or source: EEG, gaze, markers"),
    "osc": Registered("sensors.drivers.osc:Osc", "sensors.drivers.osc_config:OscConfig", "camera",
                      "headset gaze by OSC over UDP: VRChat's /tracking/eye/*, or /attnflow/*"),
    "websocket": Registered("sensors.drivers.websocket:WebSocket", "sensors.drivers.websocket_config:WebsocketConfig",
                            "camera", "headset gaze as JSON from a web page or an app that connects here"),
    "replay": Registered("sensors.drivers.replay:Replay", "sensors.drivers.replay_config:ReplayConfig", "",
                         "one stream of a recording, played back as if it were the sensor"),
}
"""Every driver by its registry name. A new driver is one row here, one file, one TOML."""


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def registered(name: str) -> Registered:
    """Return the registry row of a driver.

    Raises
    ------
    RigError
        If no driver has that name.
    """
    try:
        return DRIVERS[name]
    except KeyError:
        raise RigError(f"There is no driver '{name}'.", f"Known drivers: {', '.join(sorted(DRIVERS))}.") from None


def config_class(name: str) -> type[Config]:
    """Return the config class of a driver; importing it imports no hardware library."""
    loaded: type[Config] = _load(registered(name).config)
    return loaded


def load(name: str) -> None:
    """Import the driver `name` with all its libraries and let it warm up, so that a later `open` is quick.

    A driver module may have a function ``warm()`` that compiles its kernels and loads its models.
    """
    module = importlib.import_module(registered(name).path.partition(":")[0])
    getattr(module, "warm", lambda: None)()


def build(name: str, config: Config, setting: Setting) -> Driver:
    """Return the driver `name`, not yet opened; this imports its libraries."""
    driver: Driver = _load(registered(name).path)(config, setting)
    return driver
