"""The simulated microphone: the participant's speech in a room with noise and sudden sounds."""

import numpy as np
from numpy.typing import NDArray

from sensors.messages import FloatArray
from sensors.simulated import speech
from sensors.simulated.blocks import Blocks, Noise
from sensors.simulated.events import Span
from sensors.simulated.participant import Participant
from sensors.simulated.randomness import generator
from sensors.simulated.story import ParticipantConfig

BLOCK = 16_000
ROOM = 0.0012
"""Room noise, root mean square: -58 dBFS."""
TRANSIENT, TRANSIENT_DECAY_S, TRANSIENT_S = 0.3, 0.012, 0.08
"""Peak, decay and length of a sudden sound, such as a key or a door."""
CLIP_GAIN = 30.0
"""The fault "clip" turns the microphone's gain up by this much."""
TURNS_KEPT = 4


class Voice:
    """16 kHz mono sound of the participant: room, speech in the participant's speaking turns, sudden sounds.

    The faults "clip" (gain far too high) and "silence" (a muted microphone: exact zeros) of stream "microphone" strike
    here.

    Parameters
    ----------
    config
        Who is simulated.
    """

    rate_hz = speech.RATE_HZ

    def __init__(self, config: ParticipantConfig) -> None:
        self._config = config
        self._participant = Participant(config)
        self._room = Noise(config.seed, "room", BLOCK, 1)
        freqs = np.fft.rfftfreq(2 * BLOCK, 1 / speech.RATE_HZ)
        # Rooms rumble: 1/f above 60 Hz, nothing much below.
        power = 1 / np.maximum(freqs, 60.0) / (1 + (60.0 / np.maximum(freqs, 1e-3)) ** 4)
        self._room_gain: NDArray[np.float64] = ROOM * np.sqrt(power / power.mean())
        self._blocks = Blocks(BLOCK, self._make)
        self._turns: dict[Span, NDArray[np.float64]] = {}

    def samples(self, start: int, count: int) -> FloatArray:
        """Return samples `start` to ``start + count``: (count,) float32 in -1..1.

        Sample n is true ``n / 16000`` seconds into the session. However the samples are cut, the bits are the same.

        Raises
        ------
        ValueError
            If `start` or `count` is negative.
        """
        return self._blocks.samples(start, count)

    def _make(self, number: int) -> FloatArray:
        first = number * BLOCK
        from_s, to_s = first / speech.RATE_HZ, (first + BLOCK) / speech.RATE_HZ
        values = self._room.block(number, lambda _: self._room_gain)[:, 0]
        for piece in self._participant.pieces(max(0.0, from_s - TRANSIENT_S), to_s):
            for span in piece.turns:
                if span.start_s < to_s and span.end_s > from_s:
                    _add(values, self._turn(span), round(span.start_s * speech.RATE_HZ) - first)
            for at_s in piece.transients_s:
                if at_s < to_s and at_s + TRANSIENT_S > from_s:
                    _add(values, self._transient(at_s), round(at_s * speech.RATE_HZ) - first)
        return self._with_faults(first, values).astype(np.float32)

    def _turn(self, span: Span) -> NDArray[np.float64]:
        sound = self._turns.get(span)
        if sound is None:
            draw = generator(self._config.seed, "speech", round(span.start_s * 1e6))
            sound = speech.turn(draw, span.end_s - span.start_s, self._participant.person.pitch_hz)
            while len(self._turns) >= TURNS_KEPT:
                del self._turns[next(iter(self._turns))]
            self._turns[span] = sound
        return sound

    def _transient(self, at_s: float) -> NDArray[np.float64]:
        draw = generator(self._config.seed, "transient", round(at_s * 1e6))
        since_s = np.arange(round(TRANSIENT_S * speech.RATE_HZ)) / speech.RATE_HZ
        decay: NDArray[np.float64] = TRANSIENT * np.exp(-since_s / TRANSIENT_DECAY_S)
        return draw.uniform(-1, 1, since_s.size) * decay

    def _with_faults(self, first: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        index = np.arange(first, first + values.size)
        for fault in self._config.faults:
            if fault.stream != "microphone" or fault.kind not in ("clip", "silence"):
                continue
            inside = (index >= fault.at_s * speech.RATE_HZ) & (index < (fault.at_s + fault.for_s) * speech.RATE_HZ)
            values = np.where(inside, values * (CLIP_GAIN if fault.kind == "clip" else 0.0), values)
        return np.clip(values, -1.0, 1.0)


def _add(values: NDArray[np.float64], sound: NDArray[np.float64], offset: int) -> None:
    """Add the part of `sound`, which begins at `offset`, that falls into `values`."""
    start, stop = max(0, offset), min(values.size, offset + sound.size)
    if start < stop:
        values[start:stop] += sound[start - offset:stop - offset]
