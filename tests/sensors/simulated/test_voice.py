from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import silero_vad
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.simulated.story import Fault, ParticipantConfig, Scene
from sensors.simulated.voice import Voice

RATE_HZ = 16_000
FRAME = 512


def voice_of(state: str, *faults: Fault, seed: int = 7) -> Voice:
    return Voice(ParticipantConfig(seed=seed, script=(Scene(at_s=0, state=state),), faults=faults))


EARLY = 28
"""A seed whose participant speaks in the first seconds, with a pause."""
WHOLE = voice_of("distracted_visual", seed=EARLY).samples(0, 5 * RATE_HZ)


def silero(sound: np.ndarray) -> np.ndarray:
    """Return the speech probability of each 32 ms frame, from the real network, run directly."""
    model = Path(silero_vad.__file__).parent / "data" / "silero_vad.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options)
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
    found = []
    for start in range(0, sound.size - FRAME + 1, FRAME):
        frame = sound[start:start + FRAME]
        given_in = {"input": np.concatenate([context, frame])[None], "state": state,
                    "sr": np.array(RATE_HZ, np.int64)}
        out, state = session.run(None, given_in)
        context = frame[-64:]
        found.append(float(out[0, 0]))
    return np.array(found)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=10))
def test_any_cut_gives_the_same_bits(cuts: list[int]) -> None:
    voice, start, parts = voice_of("distracted_visual", seed=EARLY), 0, []
    for count in [*cuts, WHOLE.size]:
        count = min(count, WHOLE.size - start)
        parts.append(voice.samples(start, count))
        start += count
    joined = np.concatenate(parts)
    assert joined.dtype == np.float32
    assert np.array_equal(joined, WHOLE)


def test_late_first_gives_the_same_bits() -> None:
    voice = voice_of("distracted_visual", seed=EARLY)
    late = voice.samples(60_000, 20_000)
    assert np.array_equal(voice.samples(0, 30_000), WHOLE[:30_000])
    assert np.array_equal(late, WHOLE[60_000:])


@pytest.mark.parametrize("seed", [7, 13, 14])
def test_silero_hears_speech_in_the_turns_and_none_in_the_pauses(seed: int) -> None:
    voice = voice_of("distracted_visual", seed=seed)
    speech = silero(voice.samples(0, 40 * RATE_HZ)) > 0.5
    spoken = np.array([voice._participant.at((number + 0.5) * FRAME / RATE_HZ).speaking
                       for number in range(speech.size)])
    assert 0.2 < spoken.mean() < 0.7
    assert speech[spoken].mean() > 0.9
    assert speech[~spoken].mean() < 0.1


def test_a_silent_room_is_quiet_and_never_clips() -> None:
    quiet = voice_of("drowsy").samples(0, 30 * RATE_HZ)
    frames = quiet[:quiet.size // FRAME * FRAME].reshape(-1, FRAME)
    level = np.sqrt((frames**2).mean(axis=1))
    assert -62 < 20 * np.log10(np.median(level)) < -54
    assert np.abs(WHOLE).max() < 0.99


def test_sudden_sounds_come_at_their_moments() -> None:
    voice = voice_of("overloaded")
    moments = [at for piece in voice._participant.pieces(0, 60) for at in piece.transients_s]
    assert moments
    for at_s in moments:
        at = round(at_s * RATE_HZ)
        assert np.abs(voice.samples(at, 400)).max() > 0.15


def test_clip_and_silence_strike_for_their_time() -> None:
    faults = (Fault(stream="microphone", kind="silence", at_s=1.0, for_s=0.5),
              Fault(stream="microphone", kind="clip", at_s=2.0, for_s=2.5))
    sound = voice_of("distracted_visual", *faults, seed=EARLY).samples(0, WHOLE.size)
    assert not sound[16_000:24_000].any()
    assert np.array_equal(sound[:16_000], WHOLE[:16_000])
    assert np.array_equal(sound[24_000:32_000], WHOLE[24_000:32_000])
    assert (np.abs(sound[32_000:72_000]) == 1).mean() > 0.02
    assert np.array_equal(sound[72_000:], WHOLE[72_000:])
