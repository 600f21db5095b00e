"""Settings of the truth driver."""

from sensors.driver import Config


class TruthConfig(Config, frozen=True, kw_only=True):
    """The rig's ``[truth]`` table."""

    driver: str = "truth"
    rate_hz: float = 10.0
