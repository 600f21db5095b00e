"""BrainFlow's own mindfulness metric on the same windows: a peer that was never fitted to these sets."""

import numpy as np
from numpy.typing import NDArray

from fusion.real_sets import Take


def mindfulness(take: Take, at_s: NDArray[np.float64], window_s: float) -> NDArray[np.float64]:
    """Return the metric, 0..1, of the last `window_s` before each moment, (moment,).

    Average band powers over the channels, with BrainFlow's filters, into its default five-weight classifier; the
    documentation of BrainFlow gives 4 s or more of EEG. Higher means concentrated here: the sign is not fitted.
    """
    from brainflow.data_filter import DataFilter
    from brainflow.ml_model import BrainFlowClassifiers, BrainFlowMetrics, BrainFlowModelParams, MLModel

    model = MLModel(BrainFlowModelParams(BrainFlowMetrics.MINDFULNESS.value,
                                         BrainFlowClassifiers.DEFAULT_CLASSIFIER.value))
    MLModel.disable_ml_logger()
    model.prepare()
    count, rows = round(window_s * take.rate_hz), list(range(len(take.channels)))
    told = []
    try:
        for stop in np.searchsorted(take.times_s, at_s, side="right").tolist():
            piece = np.ascontiguousarray(take.values_uv[stop - count:stop].T)
            powers, _ = DataFilter.get_avg_band_powers(piece, rows, round(take.rate_hz), True)
            told.append(float(model.predict(powers)[0]))
    finally:
        model.release()
    return np.array(told)
