"""Sessions drawn straight in feature space, from stated parameters, and the exact Bayes filter that knows them.

States are semi-Markov (gamma-distributed stays), each with a mean per feature to which features move with the lag of
their windows; a person adds an offset, time adds AR(1) noise, and whole modalities go missing. It is a caricature, made
to try methods against a ceiling that can be computed; results on it are results on simulated features.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kernels.layout import FEATURES, MODALITIES, SIZE, layout_hash
from models.errors import ModelError
from models.labels import NOT_LABELLED, STATES
from models.windows import STEP_S, Windows

Floats = NDArray[np.float64]
FORMAT = "attnflow feature simulator 1"
SHAPE = 2.0
"""Of the gamma distribution of stays; a stay is two equal exponential phases, which the filter steps through."""
LEAST_SD = 1e-3
_KIND = np.array([MODALITIES.index(f.modality) if f.modality in MODALITIES else -1 for f in FEATURES])


@dataclass(frozen=True, eq=False)
class Parameters:
    """What generates; features are in units of `centre` and `scale`, so that most lie within -3..3."""

    centre: Floats
    """(SIZE,)"""
    scale: Floats
    means: Floats
    """(state, SIZE) where each feature settles in each state."""
    person_sd: Floats
    """(SIZE,) spread of the people's offsets."""
    noise_sd: Floats
    """(SIZE,) of the AR(1) noise."""
    keep: Floats
    """(SIZE,) share of the noise that is kept from step to step."""
    lag: Floats
    """(SIZE,) share of the distance to a state's mean that is left after a step: the windows' memory."""
    chain: Floats
    """(state, state) chance of the next state; rows sum to 1, the diagonal is 0."""
    stay_s: Floats
    """(state,) mean stay."""
    missing: Floats
    """(modality, 2) chances per step: that a measured modality goes missing, and that a missing one comes back."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One drawn session, with what no model is told but the filter."""

    windows: Windows
    offset: Floats
    """(SIZE,) the person's, in units of scale."""


def simulate(parameters: Parameters, seed: int, steps: int, person: str) -> Drawn:
    """Draw one session of one person."""
    draw = np.random.default_rng(seed)
    state = _states(parameters, draw, steps)
    settled = _settling(parameters, state)
    offset = parameters.person_sd * draw.standard_normal(SIZE)
    noise = np.empty((steps, SIZE))
    fresh = draw.standard_normal((steps, SIZE)) * parameters.noise_sd
    noise[0] = fresh[0]
    fresh *= np.sqrt(1 - parameters.keep**2)
    for n in range(1, steps):
        noise[n] = parameters.keep * noise[n - 1] + fresh[n]
    values = parameters.centre + parameters.scale * (settled + offset + noise)
    present = _present(parameters, draw, steps)
    values[:, _KIND >= 0] = np.where(present[:, _KIND[_KIND >= 0]], values[:, _KIND >= 0], np.nan)
    unknown = np.full(steps, np.nan, np.float32)
    windows = Windows(person=person, session="1", source="simulated features",
                      times_s=STEP_S * np.arange(1.0, steps + 1.0),
                      features=values.astype(np.float32), quality=present.astype(np.float32),
                      state=state.astype(np.int8), lapse_in_s=unknown, attention=unknown, vigilance=unknown,
                      load=unknown)
    return Drawn(windows, offset)


def bayes_filter(parameters: Parameters, drawn: Drawn) -> Floats:
    """Return the chance of each state at each step given all features so far: (n, state).

    The forward recursion of a hidden Markov model with the known parameters and the person's known offset (Rabiner
    1989, equations 19-20), over states times phases of a stay. A feature that lags depends on the states before, too;
    the filter takes its innovation against the running mean of the settled level, which is exact where lag is 0.
    """
    features = (drawn.windows.features.astype(float) - parameters.centre) / parameters.scale - drawn.offset
    forward = _phases(parameters)
    states, count = len(STATES), len(features)
    belief = np.zeros((states, int(SHAPE)))
    belief[0, 0] = 1.0
    expected = parameters.means[0].copy()
    sd = parameters.noise_sd
    fresh_sd = np.maximum(LEAST_SD, sd * np.sqrt(1 - parameters.keep**2))
    residual = np.full(SIZE, np.nan)
    out = np.empty((count, states))
    for n in range(count):
        if n:
            belief = (belief.ravel() @ forward).reshape(states, -1)
        towards = parameters.lag * expected + (1 - parameters.lag) * parameters.means
        left = features[n] - towards
        # Where the step before was measured, what its noise leaves is known; elsewhere the noise is fresh and wide.
        known = ~np.isnan(residual)
        error = np.where(known, left - parameters.keep * np.where(known, residual, 0.0), left)
        spread = np.where(known, fresh_sd, np.maximum(LEAST_SD, sd))
        score = np.nansum(-0.5 * (error / spread) ** 2, axis=1)
        belief *= np.exp(score - score.max())[:, None]
        belief /= belief.sum()
        out[n] = belief.sum(axis=1)
        expected = out[n] @ towards
        residual = features[n] - expected
    return out


def fit(sessions: list[Windows]) -> Parameters:
    """Estimate the parameters from labelled windows of several people.

    Raises
    ------
    ModelError
        If nothing is labelled, or a state never occurs.
    """
    state = np.concatenate([w.state for w in sessions]) if sessions else np.zeros(0, np.int8)
    absent = [name for code, name in enumerate(STATES) if not (state == code).any()]
    if absent:
        raise ModelError(f"The feature simulator cannot be fitted: no step is labelled {absent[0]}.",
                         "Give windows with every state, such as those of: attnflow dataset simulate")
    features = np.concatenate([w.features for w in sessions]).astype(float)
    centre, scale = np.zeros(SIZE), np.ones(SIZE)
    measured = np.isfinite(features).any(axis=0)
    centre[measured] = np.nanmedian(features[:, measured], axis=0)
    scale[measured] = np.maximum(np.nanstd(features[:, measured], axis=0), 1e-6)
    lag = np.array([np.exp(-STEP_S / max(f.window_s / 2, 1e-9)) for f in FEATURES])
    scaled = [(w.features.astype(float) - centre) / scale for w in sessions]
    means = _means(scaled, [w.state for w in sessions], lag)
    offsets, rests = [], []
    blank = replace(_empty(), means=means, lag=lag)
    for values, windows in zip(scaled, sessions, strict=True):
        known = windows.state != NOT_LABELLED
        left = values - _settling(blank, np.maximum(windows.state, 0))
        left[~known] = np.nan
        own = _mean(left)
        offsets.append(own)
        rests.append(left - own)
    rest = np.concatenate(rests)
    noise_sd = np.sqrt(_mean(rest**2))
    products = np.concatenate([r[1:] * r[:-1] for r in rests])
    keep = np.clip(_mean(products) / np.maximum(noise_sd**2, LEAST_SD**2), 0.0, 0.999)
    chain, stay_s = _chain([w.state for w in sessions])
    return Parameters(centre, scale, means, np.sqrt(_mean(np.array(offsets) ** 2)), np.maximum(noise_sd, LEAST_SD),
                      keep, lag, chain, stay_s, _gaps([w.quality > 0 for w in sessions]))


def save(path: Path, parameters: Parameters) -> None:
    """Write the parameters as a safetensors file."""
    from safetensors.numpy import save_file

    save_file({f.name: np.ascontiguousarray(getattr(parameters, f.name)) for f in fields(Parameters)}, path,
              metadata={"format": FORMAT, "layout": layout_hash()})


def load(path: Path) -> Parameters:
    """Read parameters; a `ModelError` says why they cannot be used."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            if (header.get("format"), header.get("layout")) != (FORMAT, layout_hash()):
                raise ModelError(f"{path}: these are no parameters of a feature simulator of the layout "
                                 f"{layout_hash()}.", "Fit them again.")
            return Parameters(**{f.name: file.get_tensor(f.name) for f in fields(Parameters)})
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: it cannot be read ({error}).", "Fit it again.") from None


def _empty() -> Parameters:
    states, row = len(STATES), np.zeros(SIZE)
    return Parameters(row, row + 1, np.zeros((states, SIZE)), row, row + 1, row, row,
                      (1 - np.eye(states)) / (states - 1), np.full(states, 30.0), np.zeros((len(MODALITIES), 2)))


def _states(parameters: Parameters, draw: np.random.Generator, steps: int) -> NDArray[np.int64]:
    states: list[int] = []
    code = 0
    forward = STEP_S * SHAPE / parameters.stay_s
    while len(states) < steps:
        stay = int(draw.geometric(min(1.0, forward[code]), int(SHAPE)).sum())
        states += [code] * stay
        code = int(draw.choice(len(STATES), p=parameters.chain[code]))
    return np.array(states[:steps])


def _phases(parameters: Parameters) -> Floats:
    """Return the transition matrix over (state, phase), flattened."""
    states, phases = len(STATES), int(SHAPE)
    matrix = np.zeros((states, phases, states, phases))
    for code in range(states):
        leave = min(1.0, STEP_S * SHAPE / parameters.stay_s[code])
        for phase in range(phases):
            matrix[code, phase, code, phase] = 1 - leave
            if phase + 1 < phases:
                matrix[code, phase, code, phase + 1] = leave
            else:
                matrix[code, phase, :, 0] += leave * parameters.chain[code]
    flat: Floats = matrix.reshape(states * phases, -1)
    return flat


def _settling(parameters: Parameters, state: NDArray[np.integer]) -> Floats:
    """Return where each feature has come to: its state's mean, approached with its lag."""
    wanted = parameters.means[state]
    out: Floats = np.empty_like(wanted)
    out[0] = wanted[0]
    for n in range(1, len(state)):
        out[n] = parameters.lag * out[n - 1] + (1 - parameters.lag) * wanted[n]
    return out


def _present(parameters: Parameters, draw: np.random.Generator, steps: int) -> NDArray[np.bool_]:
    chance = draw.random((steps, len(MODALITIES)))
    present = np.ones((steps, len(MODALITIES)), bool)
    for n in range(1, steps):
        present[n] = np.where(present[n - 1], chance[n] >= parameters.missing[:, 0],
                              chance[n] < parameters.missing[:, 1])
    return present


def _means(scaled: list[Floats], states: list[NDArray[np.int8]], lag: Floats) -> Floats:
    """Return each state's mean by least squares on the lagged occupancy of the states, feature by feature."""
    means = np.zeros((len(STATES), SIZE))
    for value in np.unique(lag):
        columns = np.flatnonzero(lag == value)
        share = [np.eye(len(STATES))[np.maximum(state, 0)] for state in states]
        for occupied in share:
            for n in range(1, len(occupied)):
                occupied[n] = value * occupied[n - 1] + (1 - value) * occupied[n]
        design, known = np.concatenate(share), np.concatenate(states) != NOT_LABELLED
        values = np.concatenate([rows[:, columns] for rows in scaled])
        for place, column in enumerate(columns):
            used = known & np.isfinite(values[:, place])
            if used.sum() > 10 * len(STATES):
                gram = design[used].T @ design[used] + 1e-3 * np.eye(len(STATES))
                means[:, column] = np.linalg.solve(gram, design[used].T @ values[used, place])
    return means


def _mean(values: Floats) -> Floats:
    """Return the mean of each column over what was measured, 0 where nothing was."""
    count = np.isfinite(values).sum(axis=0)
    means: Floats = np.nansum(values, axis=0) / np.maximum(count, 1)
    return means


def _chain(states: list[NDArray[np.int8]]) -> tuple[Floats, Floats]:
    counts, steps = np.full((len(STATES), len(STATES)), 0.1), np.zeros(len(STATES))
    np.fill_diagonal(counts, 0.0)
    for state in states:
        steps += np.bincount(state[state != NOT_LABELLED], minlength=len(STATES))
        moved = np.flatnonzero((np.diff(state) != 0) & (state[1:] != NOT_LABELLED) & (state[:-1] != NOT_LABELLED))
        np.add.at(counts, (state[moved], state[moved + 1]), 1.0)
    return counts / counts.sum(axis=1, keepdims=True), STEP_S * steps / np.maximum(counts.sum(axis=1), 1.0)


def _gaps(present: list[NDArray[np.bool_]]) -> Floats:
    there = np.concatenate([rows[:-1] for rows in present])
    then = np.concatenate([rows[1:] for rows in present])
    lost = (there & ~then).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    found = (~there & then).sum(axis=0) / np.maximum((~there).sum(axis=0), 1)
    return np.stack([lost, np.where((~there).any(axis=0), found, 1.0)], axis=1)
