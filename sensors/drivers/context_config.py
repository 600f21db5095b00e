"""Settings of the simulated context driver."""

from sensors.driver import Config


class ContextConfig(Config, frozen=True, kw_only=True):
    """The rig's ``[context]`` table."""

    driver: str = "context"
    source: str = "simulated"
    rate_hz: float = 10.0
