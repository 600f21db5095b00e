"""The simulated brain as a source of EEG: the seeded participant, sampled at session time."""

import numpy as np
from numpy.typing import NDArray

from sensors.clock import SECOND
from sensors.driver import Samples, Setting
from sensors.drivers.eeg_boards import electrode_names
from sensors.drivers.eeg_config import EegConfig
from sensors.drivers.eeg_session import Granted
from sensors.messages import TimeArray
from sensors.simulated.brain import Brain
from sensors.simulated.randomness import generator

MOST_S = 2.0
"""Most that is made at once, so that catching up after a pause does not starve the heartbeat."""


class SimulatedBrain:
    """Samples of the simulated brain as session time reaches them; their times are exact.

    Sample i is true at ``start_ns + i / rate_hz``, whoever asks and whenever: a driver that is started anew goes on
    where session time is. The fault "packet_loss" removes samples here, as a radio does.

    Parameters
    ----------
    config
        The rig's ``[eeg]`` table; `rate_hz`, `channels` and `montage` count.
    setting
        Session start, clock and participant.
    """

    def __init__(self, config: EegConfig, setting: Setting) -> None:
        self._config, self._setting = config, setting
        self._brain = Brain(setting.participant, config.rate_hz)
        self._next = 0
        self.lost = 0

    def open(self) -> Granted:
        """Begin with the first sample that is not past yet."""
        config = self._config
        past_ns = self._setting.clock.now_ns() - self._setting.start_ns
        self._next = max(0, int(np.ceil(past_ns * config.rate_hz / SECOND)))
        electrodes = electrode_names(config.channels, self._brain.channels, len(self._brain.channels), config.board)
        meta = {"board": config.board, "montage": config.montage, "simulated": "yes",
                "seed": str(self._setting.participant.seed)}
        return Granted(electrodes, config.rate_hz,
                       f"simulated brain, {len(electrodes)} electrodes @ {config.rate_hz:g} Hz", meta)

    def take(self) -> Samples:
        """Return the samples whose time has come."""
        rate, start_ns = self._config.rate_hz, self._setting.start_ns
        past_ns = self._setting.clock.now_ns() - start_ns
        due = int(past_ns * rate // SECOND) + 1 if past_ns >= 0 else 0
        count = min(max(0, due - self._next), round(MOST_S * rate))
        index = np.arange(self._next, self._next + count, dtype=np.int64)
        values = self._brain.samples(self._next, count)
        self._next += count
        kept = self._kept(index)
        self.lost += count - int(np.count_nonzero(kept))
        times_ns = start_ns + np.rint(index * (SECOND / rate)).astype(np.int64)
        return Samples(np.ascontiguousarray(values[kept], np.float32), times_ns[kept])

    def over(self) -> bool:
        """Return False: a brain does not end."""
        return False

    def close(self) -> None:
        """Nothing to release."""

    def _kept(self, index: TimeArray) -> NDArray[np.bool_]:
        participant, rate = self._setting.participant, self._config.rate_hz
        kept = np.ones(index.shape, np.bool_)
        for number, fault in enumerate(participant.faults):
            if fault.stream != self._setting.stream or fault.kind != "packet_loss":
                continue
            first, end = round(fault.at_s * rate), round((fault.at_s + fault.for_s) * rate)
            struck = (index >= first) & (index < end)
            if struck.any():
                draws = generator(participant.seed, "packet_loss", number).random(end - first)
                kept[struck] = draws[index[struck] - first] >= fault.amount
        return kept
