"""The simulated brain: sixteen electrodes whose rhythms follow the hidden state, with the artefacts of a live head."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sensors.messages import FloatArray
from sensors.simulated import artefacts, head_map, rhythms
from sensors.simulated.blocks import Blocks, Noise
from sensors.simulated.participant import SETTLE_S, Participant
from sensors.simulated.story import STATES, ParticipantConfig
from sensors.simulated.traits import MANNER_BY_CODE

BLOCK_S = 2.0
COMMON_SHARE = 0.5
"""Share of the background's power that neighbouring electrodes have in common."""
SENSOR_UV = 0.3
"""Amplifier and electrode noise, uV rms."""
SPINDLE_LOW, SPINDLE_SHARE = 0.35, 0.35
"""Drowsy alpha power between spindles, relative to its mean, and the share of time in spindles."""

_EXPONENTS = np.array([manner.exponent for manner in MANNER_BY_CODE])


class Brain:
    """Multichannel EEG of the participant.

    A 1/f background with the state's exponent, alpha with the person's own frequency and strength, frontal theta and
    beta that change by the state's decibels, alpha spindles when drowsy; blinks, slow eye rolling, muscle and mains;
    and the faults "electrode_pop", "rail" and "nan" of stream "eeg".

    Parameters
    ----------
    config
        Who is simulated.
    rate_hz
        Sampling rate, 120 or more.
    reaction
        How far the state's decibels show in this brain.
    swing_db
        What else moves the rhythms: gives (time, 3) dB to add to alpha, theta and beta at the seconds it is given.

    Raises
    ------
    ValueError
        If the rate is too low for the rhythms and the mains.
    """

    channels = head_map.CHANNELS

    def __init__(self, config: ParticipantConfig, rate_hz: float, reaction: float = 1.0,
                 swing_db: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None) -> None:
        if rate_hz < 120:
            raise ValueError(f"rate_hz is {rate_hz}, expected 120 or more, so that 50 Hz mains is inside the band")
        self.rate_hz = rate_hz
        self._participant = Participant(config)
        self._length = round(BLOCK_S * rate_hz)
        self._blocks = Blocks(self._length, self._make)
        seed, person = config.seed, self._participant.person
        self._freqs_hz: NDArray[np.float64] = np.fft.rfftfreq(2 * self._length, 1 / rate_hz).astype(np.float64)
        self._own = Noise(seed, "background", self._length, len(self.channels))
        front_to_back = [(-.4, .6), (.4, .6), (-.4, -.5), (.4, -.5)]
        self._common = Noise(seed, "common background", self._length, len(front_to_back))
        self._common_mix = head_map.mixing(front_to_back, 0.6)
        alpha_places = [(-.45, -.8), (0.0, -.9), (.45, -.8)]
        self._alpha = Noise(seed, "alpha", self._length, len(alpha_places))
        self._alpha_mix = head_map.mixing(alpha_places, 0.5) * head_map.ALPHA
        self._theta = Noise(seed, "theta", self._length, 1)
        beta_places = [(-.5, .1), (.5, .1), (0.0, .4), (0.0, -.6)]
        self._beta = Noise(seed, "beta", self._length, len(beta_places))
        self._beta_mix = head_map.mixing(beta_places, 0.5) * head_map.BETA
        self._muscle = Noise(seed, "muscle", self._length, len(self.channels))
        self._amplitudes = rhythms.amplitudes(person, reaction)
        self._swing_db = swing_db
        # A density of 1 uV^2/Hz up to rate/2 is noise of variance rate/2.
        self._gains = {name: np.sqrt(density * rate_hz / 2)
                       for name, density in rhythms.shapes(person, self._freqs_hz).items()}
        self._muscle_gain = artefacts.muscle_gain(self._freqs_hz)

    def samples(self, start: int, count: int) -> FloatArray:
        """Return samples `start` to ``start + count``: (count, 16) float32 in uV, NaN under the fault "nan".

        Sample n is true ``n / rate_hz`` seconds into the session. However the samples are cut, the bits are the same.

        Raises
        ------
        ValueError
            If `start` or `count` is negative.
        """
        return self._blocks.samples(start, count)

    def _background_gain(self, grain: int) -> NDArray[np.float64]:
        centre_s = np.array([max(0.0, grain * self._length / self.rate_hz)])
        exponent = float(self._participant.timeline.share_matrix(centre_s, SETTLE_S)[0] @ _EXPONENTS)
        gain: NDArray[np.float64] = np.sqrt(rhythms.background(self._freqs_hz, exponent) * self.rate_hz / 2)
        return gain

    def _make(self, number: int) -> FloatArray:
        index = np.arange(number * self._length, (number + 1) * self._length)
        times_s = index / self.rate_hz
        shares = self._participant.timeline.share_matrix(times_s, SETTLE_S)
        amplitudes = shares @ self._amplitudes
        if self._swing_db is not None:
            amplitudes *= 10 ** (self._swing_db(times_s) / 20)
        drowsy = shares[:, STATES.index("drowsy")]
        spindles = self._spindles(times_s, drowsy)

        values = np.sqrt(1 - COMMON_SHARE) * self._own.block(number, self._background_gain)
        values += np.sqrt(COMMON_SHARE) * self._common.block(number, self._background_gain) @ self._common_mix
        values += (spindles * amplitudes[:, 0])[:, None] * (self._rhythm("alpha", self._alpha, number)
                                                            @ self._alpha_mix)
        values += amplitudes[:, 1:2] * self._rhythm("theta", self._theta, number) * head_map.THETA
        values += amplitudes[:, 2:3] * (self._rhythm("beta", self._beta, number) @ self._beta_mix)
        muscle = artefacts.muscle_uv(self._participant, times_s)
        values += muscle[:, None] * self._muscle.block(number, lambda _: self._muscle_gain) * head_map.MUSCLE
        values += artefacts.eyes_uv(self._participant, times_s, drowsy)
        values += artefacts.mains_uv(self._participant.config.seed, index, self.rate_hz)
        values += SENSOR_UV * artefacts.white(self._participant.config.seed, number, values.shape)
        return artefacts.with_faults(self._participant.config, times_s, values).astype(np.float32)

    def _rhythm(self, name: str, noise: Noise, number: int) -> NDArray[np.float64]:
        return noise.block(number, lambda _: self._gains[name])

    def _spindles(self, times_s: NDArray[np.float64], drowsy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return alpha's amplitude factor: 1, but for a drowsy brain, whose alpha comes in spindles of equal power."""
        spans = [span for piece in self._participant.pieces(times_s[0] - 1, times_s[-1] + 1)
                 for span in piece.spindles]
        inside = artefacts.envelope(times_s, spans, 0.15)
        high = (1 - (1 - SPINDLE_SHARE) * SPINDLE_LOW) / SPINDLE_SHARE
        factor: NDArray[np.float64] = np.sqrt(1 + drowsy * (SPINDLE_LOW + (high - SPINDLE_LOW) * inside - 1))
        return factor
