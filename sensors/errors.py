"""The errors a user meets: each is a sentence that says what, where, and the next thing to do."""


class AttnflowError(Exception):
    """Base of every error that is meant for a user's eyes.

    Parameters
    ----------
    message
        One sentence: what went wrong, where, what was got and what was expected.
    next_step
        The command to run or the thing to check next.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class DeviceError(AttnflowError):
    """A sensor cannot be opened, or stopped giving what it promised."""


class RigError(AttnflowError):
    """A rig file or an override is wrong."""


class BusError(AttnflowError):
    """The bus cannot be opened."""


class WireError(AttnflowError):
    """A message on the wire is malformed."""


class RecordingError(AttnflowError):
    """A recording cannot be written or read."""


class ForeignFileError(AttnflowError):
    """A file of another program cannot be imported."""
