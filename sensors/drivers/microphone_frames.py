"""Sound to columns: blocks of any size in, one row per 32 ms frame out."""

import numpy as np
from numpy.typing import NDArray

from kernels import audio, audio_pitch
from sensors.drivers.microphone_mel import BANDS, HIGH_HZ, LOW_HZ, LogMel
from sensors.drivers.microphone_mend import mend
from sensors.drivers.microphone_source import FRAME, RATE_HZ
from sensors.drivers.microphone_speech import SpeechProbability
from sensors.messages import Column, FloatArray

FRAME_HZ = RATE_HZ / FRAME
BLOCK = 128
"""Samples of one level block, 8 ms: 50 of them are the 400 ms of momentary loudness, 375 the 3 s of short-term."""
MOMENTARY = 50
SHORT_TERM = 375
RISE_BLOCKS = 6
"""48 ms."""
RISE_DB = 15.0
QUIET_LUFS = -70.0
"""Below this, the absolute gate of BS.1770, a rise is the room breathing, not a sound."""
F0_LOW_HZ = 60.0
F0_HIGH_HZ = 500.0
PITCH_WINDOW = 1024
COARSE = 8
"""Coarse bands; too few to make speech out of, enough to tell a room from a road."""

COLUMNS = (
    Column("speech", "1"), Column("loudness_momentary", "LUFS"), Column("loudness_short", "LUFS"),
    Column("rms_db", "dBFS"), Column("f0", "Hz"), Column("voicing", "1"), Column("centroid", "Hz"),
    Column("flatness", "1"), Column("flux", "1"), Column("transient", "1"), Column("clipped", "1"),
    Column("silent", "1"), *(Column(f"band_{band}", "ln power") for band in range(COARSE)),
)
MEL_COLUMNS = tuple(Column(f"mel_{band:02d}", "ln power") for band in range(BANDS))


class Frames:
    """The microphone's columns, computed frame by frame with all state carried.

    Column by column: ``speech``, Silero's probability. ``loudness_momentary`` and ``loudness_short``, ungated BS.1770
    loudness of the last 400 ms and 3 s, NaN until that much was heard, -120 for silence. ``rms_db``, unweighted level.
    ``f0``, YIN pitch of the last 64 ms (so it belongs 32 ms before the row's time), NaN when unvoiced, and
    ``voicing``. ``centroid``, ``flatness``, ``flux`` over 50..7600 Hz, NaN in digital silence. ``transient``, 1 when
    the K-weighted level rose more than 15 dB within 50 ms. ``clipped``, share of samples at full scale. ``silent``, 1
    when all samples are equal. ``band_0`` .. ``band_7``, means of eight mel bands each; ``mel_00`` .. ``mel_63`` only
    when asked for.

    Parameters
    ----------
    mel_columns
        Whether to add the 64 mel bands.

    Attributes
    ----------
    columns : tuple of Column
        Names and units, in order.
    mended : int
        Samples so far that were not finite, out of range or of no number type, and were replaced.
    speech_model : str
        Name and hash of the speech model.
    """

    def __init__(self, mel_columns: bool = False) -> None:
        self.columns = COLUMNS + (MEL_COLUMNS if mel_columns else ())
        self.mended = 0
        self._with_mel = mel_columns
        self._speech = SpeechProbability()
        self._mel = LogMel()
        self.speech_model = self._speech.model
        self._sections = audio.k_weighting(RATE_HZ)
        self._filter = np.zeros((2, 2))
        self._weighted = np.zeros(FRAME)
        self._new_powers = np.zeros(FRAME // BLOCK)
        self._powers = np.full(SHORT_TERM, np.nan)
        self._levels = np.full(RISE_BLOCKS + self._new_powers.size, np.nan)
        self._armed = np.ones(1)
        self._heard = np.zeros(PITCH_WINDOW, np.float32)
        self._difference = np.zeros(int(np.ceil(RATE_HZ / F0_LOW_HZ)) + 2)
        self._hann = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)
        self._bin_hz = RATE_HZ / FRAME
        self._first_bin = int(np.ceil(LOW_HZ / self._bin_hz))
        self._last_bin = int(HIGH_HZ / self._bin_hz) + 1
        self._spectrum = np.full(FRAME // 2 + 1, np.nan)
        self._frame = np.zeros(FRAME, np.float32)
        self._filled = 0

    def push(self, samples: NDArray[np.generic]) -> tuple[FloatArray, NDArray[np.intp]]:
        """Take in a block and return the rows that it completes.

        Parameters
        ----------
        samples
            (n,) sound at 16 kHz, full scale 1.0. Integers are scaled by their type's range; whatever is not a finite
            number becomes 0 and is counted.

        Returns
        -------
        tuple of arrays
            (rows, columns) float32, and for each row the index in `samples` of its last sample.
        """
        block, bad = mend(samples)
        self.mended += bad
        rows = (self._filled + block.size) // FRAME
        values = np.empty((rows, len(self.columns)), np.float32)
        ends = np.arange(1, rows + 1) * FRAME - self._filled - 1
        start = 0
        for row in range(rows):
            stop = int(ends[row]) + 1
            self._fill(block[start:stop])
            self._compute(values[row])
            self._filled, start = 0, stop
        self._fill(block[start:])
        return values, ends

    def _fill(self, block: FloatArray) -> None:
        self._frame[self._filled:self._filled + block.size] = block
        self._filled += block.size

    def _compute(self, row: FloatArray) -> None:
        frame = self._frame
        audio.weight(frame, self._sections, self._filter, self._weighted)
        audio.block_powers(self._weighted, self._new_powers)
        audio.shift_in(self._powers, self._new_powers)
        audio.shift_in(self._levels, 10.0 * np.log10(self._new_powers + 1e-12) - 0.691)
        self._heard[:-FRAME] = self._heard[FRAME:]
        self._heard[-FRAME:] = frame
        rms_db, clipped, silent = audio.level(frame)
        f0, voicing = audio_pitch.pitch(self._heard, float(RATE_HZ), F0_LOW_HZ, F0_HIGH_HZ, self._difference)
        spectrum = np.fft.rfft(frame * self._hann)
        centroid, flatness, flux = audio.spectral_shape(
            spectrum.real**2 + spectrum.imag**2, self._bin_hz, self._first_bin, self._last_bin, self._spectrum)
        if silent:
            # The window still reaches into the frame before; a constant has neither pitch nor spectrum.
            f0, voicing, centroid, flatness, flux = np.nan, 0.0, np.nan, np.nan, np.nan
        mel = self._mel(frame)
        row[:len(COLUMNS) - COARSE] = (
            self._speech(frame), audio.loudness(self._powers, MOMENTARY), audio.loudness(self._powers, SHORT_TERM),
            rms_db, f0, voicing, centroid, flatness, flux,
            audio.sudden(self._levels, self._new_powers.size, RISE_BLOCKS, RISE_DB, QUIET_LUFS, self._armed),
            clipped, silent)
        row[len(COLUMNS) - COARSE:len(COLUMNS)] = mel.reshape(COARSE, -1).mean(axis=1)
        if self._with_mel:
            row[len(COLUMNS):] = mel


def warm() -> None:
    """Compile the kernels and run every part once, so that the first real frame is as quick as the others."""
    audio.warm()
    audio_pitch.warm()
    frames = Frames()
    frames.push(np.zeros(4 * FRAME, np.float32))
