"""What a state does to a person, and how persons differ: the numbers of the simulated participant.

The figures follow published group medians (glance durations: Taoka 1990; blink durations by sleepiness: Ingre et al.
2006; PERCLOS of drowsy drivers: Wierwille 1994; alpha and theta of drowsiness: Perrier et al. 2016). The row
"distracted_cognitive" and everything outside those sources are design choices within the same ranges: gaze that
concentrates on the road, conversation-like blinking, alpha that turns inward.
"""

import math
from dataclasses import dataclass

from sensors.simulated.randomness import generator
from sensors.simulated.story import STATES


@dataclass(frozen=True)
class Manner:
    """How a person behaves in one state; angles in degrees, + right and + up, EEG changes in dB."""

    gaze_share: float
    """Share of time with the gaze on the target; the rest are glances away."""
    glance_s: tuple[float, float]
    """Mean and standard deviation of the log-normal duration of a glance away, in seconds."""
    targets_deg: tuple[tuple[float, float], ...]
    """Where glances go: (yaw, pitch)."""
    head_share: float
    """How much of a glance the head takes over from the eyes."""
    fixation_s: float
    saccade_deg: float
    """Mean amplitude of the small saccades between fixations."""
    blinks_per_min: float
    blink_s: float
    """Mean blink duration at half amplitude."""
    long_blink_share: float
    """Share of blinks in the long tail, 0.25 to 0.8 s."""
    slow_closures_per_min: float
    """Closures of 0.5 to 1 s."""
    closures_per_min: float
    """Closures of 1 to 4 s."""
    nods_per_min: float
    yawns_per_min: float
    head_sd_deg: tuple[float, float]
    """Slow wander of the head without its glances, yaw and pitch."""
    alpha_db: float
    """Posterior alpha power against the person's own resting level."""
    theta_db: float
    """Frontal midline theta power against the resting level."""
    beta_db: float
    exponent: float
    """Aperiodic exponent of the EEG background."""
    speech_share: float
    transients_per_min: float
    """Sudden sounds around the person."""
    vigilance: float
    load: float
    demand: float
    """How much the outside asks of the person."""
    speed_kmh: float


_MIRRORS = ((29.0, 16.0), (-39.0, -12.0), (4.0, -25.0), (0.0, -26.0))
_ASIDE = ((62.0, -12.0), (-64.0, -4.0), (33.0, -34.0), (-20.0, -44.0))

MANNERS: dict[str, Manner] = {
    "focused": Manner(
        gaze_share=0.89, glance_s=(0.7, 0.35), targets_deg=_MIRRORS, head_share=0.25, fixation_s=0.30, saccade_deg=5,
        blinks_per_min=15, blink_s=0.115, long_blink_share=0, slow_closures_per_min=0, closures_per_min=0,
        nods_per_min=0, yawns_per_min=0, head_sd_deg=(3, 2.2), alpha_db=-2, theta_db=0.5, beta_db=0, exponent=1.2,
        speech_share=0.1, transients_per_min=0.5, vigilance=0.85, load=0.45, demand=0.45, speed_kmh=80),
    "distracted_visual": Manner(
        gaze_share=0.6, glance_s=(2.5, 1.2), targets_deg=_ASIDE, head_share=0.55, fixation_s=0.35, saccade_deg=5,
        blinks_per_min=18, blink_s=0.115, long_blink_share=0, slow_closures_per_min=0, closures_per_min=0,
        nods_per_min=0, yawns_per_min=0, head_sd_deg=(5, 3), alpha_db=-1, theta_db=0, beta_db=0, exponent=1.2,
        speech_share=0.4, transients_per_min=1, vigilance=0.7, load=0.5, demand=0.45, speed_kmh=75),
    "distracted_cognitive": Manner(
        gaze_share=0.95, glance_s=(0.6, 0.3), targets_deg=_MIRRORS, head_share=0.25, fixation_s=0.45, saccade_deg=2.5,
        blinks_per_min=26, blink_s=0.118, long_blink_share=0, slow_closures_per_min=0, closures_per_min=0,
        nods_per_min=0, yawns_per_min=0, head_sd_deg=(2, 1.5), alpha_db=1.5, theta_db=1, beta_db=0.3, exponent=1.2,
        speech_share=0.4, transients_per_min=0.5, vigilance=0.6, load=0.7, demand=0.45, speed_kmh=80),
    "drowsy": Manner(
        gaze_share=0.87, glance_s=(1.0, 0.4), targets_deg=_MIRRORS, head_share=0.25, fixation_s=0.40, saccade_deg=3.5,
        blinks_per_min=20, blink_s=0.140, long_blink_share=0.3, slow_closures_per_min=4.5, closures_per_min=0.9,
        nods_per_min=1, yawns_per_min=0.4, head_sd_deg=(2, 4.5), alpha_db=2, theta_db=2, beta_db=-1, exponent=1.5,
        speech_share=0.02, transients_per_min=0.3, vigilance=0.25, load=0.3, demand=0.2, speed_kmh=105),
    "overloaded": Manner(
        gaze_share=0.92, glance_s=(0.6, 0.3), targets_deg=_MIRRORS, head_share=0.25, fixation_s=0.35, saccade_deg=3,
        blinks_per_min=8, blink_s=0.105, long_blink_share=0, slow_closures_per_min=0, closures_per_min=0,
        nods_per_min=0, yawns_per_min=0, head_sd_deg=(2, 1.5), alpha_db=-2.5, theta_db=1.5, beta_db=0.5, exponent=1.15,
        speech_share=0.1, transients_per_min=6, vigilance=0.8, load=0.92, demand=0.9, speed_kmh=45),
    "away": Manner(
        gaze_share=0, glance_s=(20, 1), targets_deg=((80.0, -5.0), (-80.0, -5.0)), head_share=0.55, fixation_s=0.35,
        saccade_deg=6, blinks_per_min=17, blink_s=0.115, long_blink_share=0, slow_closures_per_min=0,
        closures_per_min=0, nods_per_min=0, yawns_per_min=0, head_sd_deg=(5, 3), alpha_db=0, theta_db=0, beta_db=0,
        exponent=1.2, speech_share=0.05, transients_per_min=0.5, vigilance=0.6, load=0.2, demand=0.1, speed_kmh=0),
}
"""Manner by state; its keys are `STATES`, in the same order."""

MANNER_BY_CODE = tuple(MANNERS[state] for state in STATES)


@dataclass(frozen=True)
class Person:
    """What makes one simulated person differ from another, all of it drawn from the seed."""

    alpha_db: float
    """Resting alpha against the population, SD 4 dB."""
    alpha_hz: float
    """Individual alpha frequency, 10 +- 1 Hz."""
    eye_opening: float
    """Open eye against the photograph's, SD 8 %."""
    blink_factor: float
    """Own blink rate over the state's, log-normal with SD 60 %."""
    blink_offset_s: float
    """Added to every blink duration, SD 9.5 ms."""
    blink_uv: float
    """Peak of the blink artefact at Fp1 and Fp2, 80 to 200 uV."""
    pitch_hz: float
    """Mean voice pitch, 95 to 220 Hz."""

    @classmethod
    def drawn(cls, seed: int) -> "Person":
        """Return the person of a seed."""
        draw = generator(seed, "person")
        spread = math.sqrt(math.log(1 + 0.6**2))
        return cls(
            alpha_db=float(min(8.0, max(-8.0, draw.normal(0, 4)))),
            alpha_hz=float(min(12.0, max(8.5, draw.normal(10, 1)))),
            eye_opening=float(min(1.16, max(0.84, draw.normal(1, 0.08)))),
            blink_factor=float(min(2.5, max(0.4, draw.lognormal(-spread**2 / 2, spread)))),
            blink_offset_s=float(draw.normal(0, 0.0095)),
            blink_uv=float(draw.uniform(80, 200)),
            pitch_hz=float(draw.uniform(95, 220)),
        )
