"""Settings of the microphone driver; importing this imports no audio library."""

from sensors.driver import Config


class MicrophoneConfig(Config, frozen=True, kw_only=True):
    """The rig's ``[microphone]`` table."""

    driver: str = "microphone"
    source: int | str = "default"
    """"default", a device index or name, a WAV or FLAC file, or "simulated"."""
    loop: bool = False
    """Start a file again when it ends."""
    realtime: bool = True
    """Pace a file by the session clock; False reads it as fast as it can be processed, keeping its own times."""
    mel_columns: bool = False
    """Publish the 64 log-mel bands as columns. Speech can be made intelligible again from them, hence off."""
