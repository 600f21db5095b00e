"""Settings of the simulated context driver."""

from sensors.driver import Config


class ContextConfig(Config, frozen=True, kw_only=True):
    """The rig's ``[context]`` table."""

    driver: str = "context"
    source: str = "simulated"
    rate_hz: float = 10.0

    def __post_init__(self) -> None:
        if self.source != "simulated":
            raise ValueError(f"source is '{self.source}', expected simulated")
        if not 0.1 <= self.rate_hz <= 100:
            raise ValueError(f"rate_hz is {self.rate_hz}, expected 0.1..100")
