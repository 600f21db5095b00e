"""What stands beside the estimator in a session and speaks for itself: driving ladders, gaze events, hints.

A follower is as pure as the session: no socket, no clock, no thread. It is handed what the session takes in, in the
order in which that came, and what it says leaves with the message that brought it about, not with the next tick.
"""

from typing import Protocol

from sensors.messages import Answer, Chunk, Said, State, StreamInfo, Target


class Follower(Protocol):
    """One of them."""

    def meet(self, info: StreamInfo) -> None:
        """Learn of a stream that speaks for its modality; again whenever its columns or its rate change."""
        ...

    def take(self, chunk: Chunk) -> list[Said]:
        """Take in samples of a stream that was met, at once as they arrive; how they were cut changes nothing.

        Its columns are those that were met, and its times increase strictly, from chunk to chunk too.
        """
        ...

    def hear(self, message: Target | Answer) -> list[Said]:
        """Take in what an app said."""
        ...

    def tick(self, state: State) -> list[Said]:
        """Take in the session's own newest state; event time has reached its `t_ns` whoever is silent."""
        ...
