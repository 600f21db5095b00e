"""A simulated person's session as windows: the truth through column-level sensors and the live kernels."""

import numpy as np

from fusion.offline import Stream, fold
from fusion.offline_truth import TRUTH_NAMES, labels_and_truth
from models.windows import Windows
from sensors.clock import SECOND
from sensors.messages import Column, FloatArray, StreamInfo, TimeArray
from sensors.rig import SessionConfig
from sensors.simulated import columns_camera, columns_context, columns_eeg, columns_microphone
from sensors.simulated.confounds import Confounds, Spells, inside
from sensors.simulated.moments import moments
from sensors.simulated.participant import Participant
from sensors.simulated.randomness import generator
from sensors.simulated.stories import story
from sensors.simulated.story import ParticipantConfig

START_NS = 1_000 * SECOND
"""Session time at which a simulated session begins; not zero, so that zero is never a lucky stamp."""
CALIBRATION_S = 20.0


def person_seed(seed: int, number: int) -> int:
    """Return the participant's seed of person `number` of a set of people."""
    return int(generator(seed, "people", number).integers(2**62))


def person_name(seed: int, number: int) -> str:
    """Return the pseudonym of person `number` of a set of people."""
    return f"sim-{seed}-{number}"


def streams(config: ParticipantConfig, confounds: Confounds, length_s: float) -> dict[str, Stream]:
    """Return what the sensors of a simulated session give, by modality; one that is absent is left out."""
    participant = Participant(config)
    made: dict[str, Stream] = {}
    if not confounds.camera.absent:
        times_ns = columns_camera.frame_times(length_s, confounds.camera, config.seed)
        values = columns_camera.camera_columns(moments(participant, times_ns / SECOND), participant.person.eye_opening,
                                               confounds.camera, config.seed)
        made["camera"] = _stream("camera", columns_camera.RATE_HZ, columns_camera.COLUMNS, values, times_ns,
                                 confounds.camera.gone)
    if not confounds.microphone.absent:
        times_ns = columns_microphone.frame_times(length_s)
        values = columns_microphone.microphone_columns(participant, times_ns / SECOND, confounds.microphone)
        made["microphone"] = _stream("microphone", columns_microphone.RATE_HZ, columns_microphone.COLUMNS, values,
                                     times_ns, confounds.microphone.gone)
    if not confounds.eeg.absent:
        times_ns = columns_eeg.sample_times(length_s, confounds.eeg)
        values = columns_eeg.eeg_columns(config, length_s, confounds.eeg)
        made["eeg"] = _stream("eeg", confounds.eeg.rate_hz, columns_eeg.columns(confounds.eeg), values, times_ns,
                              confounds.eeg.gone)
    if not confounds.context.absent:
        times_ns = columns_context.frame_times(length_s)
        values = columns_context.context_columns(moments(participant, times_ns / SECOND), confounds.context)
        made["context"] = _stream("context", columns_context.RATE_HZ, columns_context.COLUMNS, values, times_ns,
                                  confounds.context.gone)
    return made


def simulate(seed: int, number: int, length_s: float) -> Windows:
    """Return the session of one simulated person, confounds and faults included.

    Parameters
    ----------
    seed, number
        The set of people, and which of them: the same two give the same windows, whatever else is made.
    length_s
        How long the session lasts; its first minute is focused.
    """
    own = person_seed(seed, number)
    config = ParticipantConfig(seed=own, script=story(own, length_s))
    confounds = Confounds.drawn(own, length_s)
    end_ns = START_NS + round(length_s * SECOND)
    vectors = fold(streams(config, confounds, length_s), SessionConfig(calibration_s=CALIBRATION_S), START_NS, end_ns)
    times_s = (vectors.ticks_ns - START_NS) / SECOND
    labels, truth = labels_and_truth(Participant(config), confounds, times_s, length_s)
    return Windows(person=person_name(seed, number), session="1", source="simulated", times_s=times_s,
                   features=vectors.features, quality=vectors.quality, truth=truth, truth_names=TRUTH_NAMES,
                   **labels._asdict())


def _stream(kind: str, rate_hz: float, columns: tuple[Column, ...], values: FloatArray, times_ns: TimeArray,
            gone: Spells) -> Stream:
    info = StreamInfo(t_ns=START_NS, stream=kind, kind=kind, driver="simulated", rate_hz=rate_hz, columns=columns,
                      device="simulated columns", meta={"simulated": "yes"})
    kept = ~inside(times_ns / SECOND, gone)
    return Stream(info, np.ascontiguousarray(values[kept]), START_NS + times_ns[kept])
