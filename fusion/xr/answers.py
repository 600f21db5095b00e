"""Which hints a session gave and what became of them: the table that fitting hints to a person starts from."""

import math
from typing import Any

import msgspec

from sensors.clock import SECOND
from sensors.messages import Answer, AnyMessage, Hint
from sensors.recording import Recording
from sensors.topics import read


class Given(msgspec.Struct):
    """One hint from start to end; times are session time."""

    number: int
    hint: str
    begin_ns: int
    because: str
    confidence: float
    end_ns: int = -1
    """-1 while it is on."""
    ended: str = ""
    """Why it ended."""
    answer: str = ""
    """accepted, dismissed or ""."""
    answered_ns: int = -1
    source: str = ""
    """The app that answered."""


class HintLog:
    """Takes the messages of a session in order."""

    def __init__(self) -> None:
        self.given: dict[int, Given] = {}
        self.refused = 0
        """Answers to no hint of this session, or to one that was answered before."""

    def take(self, message: AnyMessage) -> None:
        """Take in one message; all but hints and answers are passed over."""
        if isinstance(message, Hint) and message.active:
            self.given[message.number] = Given(message.number, message.hint, message.t_ns, message.reason,
                                               message.confidence)
        elif isinstance(message, Hint) and message.number in self.given:
            one = self.given[message.number]
            one.end_ns, one.ended = message.t_ns, message.reason
        elif isinstance(message, Answer):
            answered = self.given.get(message.number)
            if answered is None or answered.hint != message.hint or answered.answer:
                self.refused += 1
                return
            answered.answer, answered.answered_ns, answered.source = message.answer, message.t_ns, message.source

    def rates(self, until_ns: int) -> dict[str, dict[str, Any]]:
        """Return, by hint, how often it was given, answered and accepted; one still on counts up to `until_ns`."""
        table: dict[str, dict[str, Any]] = {}
        for hint in sorted({one.hint for one in self.given.values()}):
            found = [one for one in self.given.values() if one.hint == hint]
            waits = sorted((one.answered_ns - one.begin_ns) / SECOND for one in found if one.answer)
            accepted = sum(one.answer == "accepted" for one in found)
            on_ns = sum((one.end_ns if one.end_ns >= 0 else max(until_ns, one.begin_ns)) - one.begin_ns
                        for one in found)
            table[hint] = {
                "given": len(found), "seconds": round(on_ns / SECOND, 3), "accepted": accepted,
                "dismissed": len(waits) - accepted, "unanswered": len(found) - len(waits),
                "accepted_share": round(accepted / len(waits), 4) if waits else math.nan,
                "answer_s_median": round(waits[len(waits) // 2], 3) if waits else math.nan}
        return table


def told(recording: Recording) -> dict[str, Any]:
    """Return the hints of a recording with their answers, and the rates of each, as plain values.

    Times are seconds from the beginning of the recording; a share or time that nothing tells is NaN (JSON null).

    Raises
    ------
    WireError
        If a stored message is malformed.
    """
    log = HintLog()
    for _, topic, payload in recording.messages(("hint", "answer")):
        log.take(read(topic, payload))
    began_ns = recording.start_ns

    def at_s(t_ns: int) -> float:
        return round((t_ns - began_ns) / SECOND, 3) if t_ns >= 0 else math.nan

    rows = [{"number": one.number, "hint": one.hint, "begin_s": at_s(one.begin_ns), "end_s": at_s(one.end_ns),
             "because": one.because, "confidence": round(one.confidence, 4), "ended": one.ended, "answer": one.answer,
             "answered_s": at_s(one.answered_ns), "source": one.source} for one in log.given.values()]
    return {"file": str(recording.path), "hints": rows, "rates": log.rates(recording.end_ns), "refused": log.refused}
