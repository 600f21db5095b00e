"""Which sound inputs there are. Importing this imports no library, so that listing them is quick."""

from typing import Any

from sensors.errors import DeviceError

NO_PORTAUDIO = "PortAudio is not installed, so no sound device can be reached."
INSTALL_PORTAUDIO = "On Debian or Ubuntu: sudo apt-get install libportaudio2"
NO_SOUNDDEVICE = "The package sounddevice is not installed, so no sound device can be reached."
INSTALL_SOUNDDEVICE = "Run: pip install 'attnflow[microphone]'"


def portaudio() -> Any:
    """Return the sounddevice module.

    Raises
    ------
    DeviceError
        If it or the PortAudio library is missing.
    """
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise DeviceError(NO_SOUNDDEVICE, INSTALL_SOUNDDEVICE) from error
    except OSError as error:
        raise DeviceError(NO_PORTAUDIO, INSTALL_PORTAUDIO) from error
    return sounddevice


def list_microphones() -> tuple[str, ...] | str:
    """Return the names of all sound inputs as ``"index: name"``, or one sentence that says why there is none."""
    try:
        sd = portaudio()
        names = tuple(f"{index}: {device['name']}" for index, device in inputs(sd))
    except DeviceError as error:
        return str(error)
    return names or "PortAudio knows no sound input on this machine."


def inputs(sd: Any) -> list[tuple[int, dict[str, Any]]]:
    """Return index and description of every device with an input.

    Raises
    ------
    DeviceError
        If PortAudio cannot tell.
    """
    try:
        devices = list(sd.query_devices())
    except sd.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list the sound devices: {error}.", "Run: attnflow doctor") from error
    return [(index, device) for index, device in enumerate(devices) if device["max_input_channels"] > 0]
