"""What goes wrong with data, weights and training, as a sentence and the next step."""


class ModelError(Exception):
    """Windows, weights or a training that cannot be used.

    Parameters
    ----------
    message
        What is wrong, where, what was found and what was expected.
    next_step
        What to do about it.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(f"{message} {next_step}".strip())
        self.message, self.next_step = message, next_step
