"""Log-mel spectrum by torchaudio, one frame of sound at a time."""

import numpy as np
import torch
import torchaudio

from sensors.drivers.microphone_source import FRAME, RATE_HZ
from sensors.messages import FloatArray

HOP = 160
"""10 ms."""
WINDOW = 400
"""25 ms, centred in the transform's 512 samples."""
N_FFT = 512
BANDS = 64
LOW_HZ = 50.0
HIGH_HZ = 7600.0
FLOOR = 1e-6
"""Added to the power before the logarithm."""


class LogMel:
    """ln(mel power + 1e-6), 64 bands, averaged over the hops that end within each frame of 512 samples.

    Hop k covers the samples 160 k .. 160 k + 511 of the stream, so which hops a frame holds (3 or 4, the first one 1)
    is a matter of its number alone. Each frame is one call on the same number of samples, in a buffer that torch
    aligned: the same sound gives the same bits.
    """

    def __init__(self) -> None:
        # A frame is far too little work to share; more threads would only wake each other.
        torch.set_num_threads(1)
        mel = torchaudio.transforms.MelSpectrogram(
            RATE_HZ, n_fft=N_FFT, win_length=WINDOW, hop_length=HOP, n_mels=BANDS, f_min=LOW_HZ, f_max=HIGH_HZ,
            center=False)
        # Its window and its bands, applied in its own steps: calling it whole would double the time of a frame.
        self._window = torch.zeros(N_FFT)
        self._window[(N_FFT - WINDOW) // 2:(N_FFT + WINDOW) // 2] = mel.spectrogram.window
        self._bands = mel.mel_scale.fb
        # The newest 512 + 511 samples: the oldest hop of a frame starts at most that far back.
        self._buffer = torch.zeros(2 * FRAME)
        self._newest = self._buffer.numpy()
        self._heard = 0
        self._next = 0

    def __call__(self, frame: FloatArray) -> FloatArray:
        """Return the (64,) mean log-mel bands of `frame`, (512,) float32."""
        self._newest[:FRAME] = self._newest[FRAME:]
        self._newest[FRAME:] = frame
        self._heard += FRAME
        hops = (self._heard - N_FFT - self._next) // HOP + 1
        start = self._next - (self._heard - 2 * FRAME)
        self._next += hops * HOP
        with torch.inference_mode():
            heard = self._buffer[start:start + (hops - 1) * HOP + N_FFT].unfold(0, N_FFT, HOP)
            power = torch.fft.rfft(heard * self._window).abs().pow(2.0)
            bands: FloatArray = torch.log(torch.matmul(power, self._bands) + FLOOR).mean(dim=0).numpy()
        return np.ascontiguousarray(bands, np.float32)
