"""How strong each EEG rhythm is in each state, so that measured band powers move by the decibels that are asked for."""

import numpy as np
from numpy.typing import NDArray

from sensors.simulated import head_map
from sensors.simulated.traits import MANNER_BY_CODE, Person

BACKGROUND_UV2_HZ = 1.0
"""Density of the 1/f background at the pivot."""
PIVOT_HZ = 10.0
"""The background's slope changes about this frequency."""
BACKGROUND_FROM_HZ = 0.6
"""Below this the background falls: an amplifier's high-pass."""
REST_EXPONENT = 1.2
THETA_HZ, THETA_SD_HZ = 6.0, 0.9
ALPHA_SD_HZ = 0.8
BETA_HZ, BETA_SD_HZ = 20.0, 3.5
REST_UV2 = {"alpha": 15.0, "theta": 3.0, "beta": 2.0}
"""Resting power of each rhythm over the background, at its own site."""
BANDS_HZ = {"alpha": (8.0, 13.0), "theta": (4.0, 8.0), "beta": (13.0, 30.0)}
SITES = {"alpha": "Oz", "theta": "Fz", "beta": "Cz"}
"""Where each band's decibels are meant."""
_GRID_HZ = np.arange(0.125, 60, 0.25)


def background(freqs_hz: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Return the background's power density in uV^2/Hz at `freqs_hz`."""
    safe = np.maximum(freqs_hz, 1e-3)
    density: NDArray[np.float64] = (BACKGROUND_UV2_HZ * (safe / PIVOT_HZ) ** -exponent
                                    / (1 + (BACKGROUND_FROM_HZ / safe) ** 4))
    return density


def bump(freqs_hz: NDArray[np.float64], centre_hz: float, sd_hz: float) -> NDArray[np.float64]:
    """Return a Gaussian power density of unit total power, 1/Hz."""
    density: NDArray[np.float64] = (np.exp(-((freqs_hz - centre_hz) / sd_hz) ** 2 / 2) / (sd_hz * np.sqrt(2 * np.pi)))
    return density


def shapes(person: Person, freqs_hz: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return each rhythm's unit density at `freqs_hz`."""
    return {"alpha": bump(freqs_hz, person.alpha_hz, ALPHA_SD_HZ), "theta": bump(freqs_hz, THETA_HZ, THETA_SD_HZ),
            "beta": bump(freqs_hz, BETA_HZ, BETA_SD_HZ)}


def amplitudes(person: Person, reaction: float = 1.0) -> NDArray[np.float64]:
    """Return the amplitude of each rhythm in each state: (state, 3) uV rms at the site, order alpha, theta, beta.

    The background and the other rhythms lie in each band too, so the three powers of a state solve three equations:
    power of each band at its site = resting power times the state's decibels. A power that would have to be negative
    is zero, so a person with little alpha cannot lose much of it. `reaction` scales the decibels:
    some brains show less.
    """
    density = shapes(person, _GRID_HZ)
    weights = {"alpha": head_map.ALPHA, "theta": head_map.THETA, "beta": head_map.BETA}
    names = tuple(BANDS_HZ)

    def inside(values: NDArray[np.float64], band: str) -> float:
        low, high = BANDS_HZ[band]
        return float(values[(low <= _GRID_HZ) & (high > _GRID_HZ)].sum() * 0.25)

    site = {band: head_map.CHANNELS.index(SITES[band]) for band in names}
    mix = np.array([[inside(density[rhythm], band) * weights[rhythm][site[band]] ** 2 for rhythm in names]
                    for band in names])
    rest_power = dict(REST_UV2)
    rest_power["alpha"] *= 10 ** (person.alpha_db / 10)
    rest = mix @ np.array([rest_power[name] for name in names])
    rest += [inside(background(_GRID_HZ, REST_EXPONENT), band) for band in names]
    found = []
    for manner in MANNER_BY_CODE:
        wanted = rest * 10 ** (np.array([manner.alpha_db, manner.theta_db, manner.beta_db]) * reaction / 10)
        own = wanted - [inside(background(_GRID_HZ, manner.exponent), band) for band in names]
        found.append(np.sqrt(np.maximum(np.linalg.solve(mix, own), 0.0)))
    return np.array(found)
