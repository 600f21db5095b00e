"""Settings of the OSC driver; importing this imports no OSC library."""

from sensors.drivers.headset_config import HeadsetConfig


class OscConfig(HeadsetConfig, frozen=True, kw_only=True):
    """The table of a headset's gaze by OSC."""

    driver: str = "osc"
    port: int = 9020
    """UDP. Not VRChat's 9000, which VRChat itself and our own output use: point the eye tracking app here."""
