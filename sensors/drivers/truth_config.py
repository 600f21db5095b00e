"""Settings of the truth driver."""

from sensors.driver import Config


class TruthConfig(Config, frozen=True, kw_only=True):
    """The rig's ``[truth]`` table."""

    driver: str = "truth"
    rate_hz: float = 10.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.rate_hz <= 100:
            raise ValueError(f"rate_hz is {self.rate_hz}, expected 0.1..100")
