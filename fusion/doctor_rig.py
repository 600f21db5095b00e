"""Whether the sensors that a rig asks for are here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sensors.driver import Config
from sensors.drivers.can_config import CanConfig
from sensors.drivers.eeg_config import EegConfig
from sensors.drivers.headset_config import HeadsetConfig
from sensors.drivers.lsl_config import LslConfig
from sensors.drivers.microphone_config import MicrophoneConfig
from sensors.drivers.replay_config import ReplayConfig
from sensors.drivers.webcam_config import WebcamConfig
from sensors.errors import AttnflowError, DeviceError
from sensors.rig import load

SIMULATED = ("simulated", "SIMULATED")


def rig_checks(name: str, settings: Sequence[str] = ()) -> tuple[set[str], list[dict[str, Any]]]:
    """Return the extras that a rig needs, and one check per sensor, as the fields of a `doctor.Check`."""
    try:
        rig = load(name, settings)
    except AttnflowError as error:
        return set(), [{"name": f"rig {name}", "ok": False, "detail": error.message, "next": error.next_step,
                        "required": True}]
    needed: set[str] = set(rig.outputs)  # an output's extra has its name
    checks: list[dict[str, Any]] = [{"name": f"rig {name}", "ok": True, "detail": rig.description, "required": True}]
    needed |= set(rig.outputs)  # an output's extra has its name
    for stream, config in rig.sensors.items():
        needed |= extras(config)
        try:
            detail, trouble, step = find(config), "", ""
        except AttnflowError as error:
            detail, trouble, step = "", error.message, error.next_step
        except ImportError as error:
            detail, trouble, step = "", f"The library '{error.name}' is missing.", "Run: pip install 'attnflow[all]'"
        checks.append({"name": f"rig {name}: {stream}", "ok": not trouble, "detail": trouble or detail, "next": step,
                       "required": True})
    return needed, checks


def extras(config: Config) -> set[str]:
    """Return the extras of pyproject.toml that a sensor needs."""
    if isinstance(config, WebcamConfig):
        return {"camera"} | ({"simulated"} if config.source in SIMULATED else set())
    if isinstance(config, MicrophoneConfig):
        return {"microphone"}
    if isinstance(config, CanConfig):
        return {"can"}
    if isinstance(config, EegConfig) and config.board not in SIMULATED:
        return {"eeg"}
    if isinstance(config, HeadsetConfig | LslConfig):
        return {config.driver}  # the extra is named after the driver
    return set()


def find(config: Config) -> str:
    """Return what a sensor will be opened on.

    Raises
    ------
    DeviceError
        If it is not here.
    """
    if isinstance(config, WebcamConfig):
        return _camera(config)
    if isinstance(config, MicrophoneConfig):
        return _microphone(config)
    if isinstance(config, EegConfig) and config.board not in SIMULATED:
        from sensors.drivers.eeg_boards import parameters

        parameters(config)
        return f"{config.board} (not tried: only a session connects to it)"
    if isinstance(config, CanConfig):
        from sensors.drivers.can import check

        return check(config)
    if isinstance(config, HeadsetConfig) and config.source not in SIMULATED:
        return f"port {config.port} on {config.host} (not tried: only a session listens)"
    if isinstance(config, LslConfig) and config.source not in SIMULATED:
        return "an LSL stream (not tried: only a session looks for it)"
    if isinstance(config, ReplayConfig):
        return _file(config.file, "the stream's file")
    return "simulated"


def _camera(config: WebcamConfig) -> str:
    from sensors.drivers.webcam_source import list_cameras

    source = config.source
    if source in SIMULATED:
        return "simulated face"
    if isinstance(source, str):
        return _file(source, "camera.source")
    cameras = {camera.number: camera.name for camera in list_cameras()}
    if source not in cameras:
        here = ", ".join(f"{number} ({name})" for number, name in cameras.items()) or "none"
        raise DeviceError(f"There is no camera {source}; cameras here: {here}.",
                          f"Choose one: --set camera.source={min(cameras)}" if cameras else
                          "Plug one in, or use a file: --set camera.source=clip.mp4")
    return cameras[source]


def _microphone(config: MicrophoneConfig) -> str:
    from sensors.drivers.microphone_device import list_microphones

    source = config.source
    if source in SIMULATED:
        return "simulated voice"
    if isinstance(source, str) and Path(source).suffix.lower() in (".wav", ".flac"):
        return _file(source, "microphone.source")
    found = list_microphones()
    if isinstance(found, str):
        raise DeviceError(found, "Plug a microphone in, or use a file: --set microphone.source=a.wav")
    if source == "default":
        return f"the system's default of {len(found)} inputs"
    for line in found:
        number, _, name = line.partition(":")
        if str(source) == number or (isinstance(source, str) and source.lower() in name.lower()):
            return name.strip()
    raise DeviceError(f"There is no microphone '{source}'; microphones here: {', '.join(found)}.",
                      "List them with: attnflow devices")


def _file(source: str, key: str) -> str:
    if "://" in source:
        return f"{source} (not tried)"
    if not Path(source).exists():
        raise DeviceError(f"There is no {source or 'file'} ({key}; looked in {Path.cwd()}).",
                          f"Give its path: --set {key}=...")
    return source
