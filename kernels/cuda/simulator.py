"""What numba's CUDA simulator, which runs kernels as Python over NumPy scalars, needs to compute as compiled code.

A compiled kernel that adds a float32 sample to a sum that began as 0.0 works in double precision; NumPy 2 works in
single precision there. So records hold doubles in the simulator. And where a record's field has the name of something
that NumPy arrays have themselves, Python finds that instead of the field.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InputError


def simulator_form(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy of an array, structured or not, with every float32 as float64.

    Raises
    ------
    InputError
        If a field cannot be reached by its name in the simulator.
    """
    hidden = hidden_fields(array.dtype)
    if hidden:
        raise InputError(f"The simulator cannot reach the fields {', '.join(hidden)}: arrays of NumPy have attributes "
                         "of these names; expected other names.")
    return array.astype(widened(array.dtype))


def host_form(array: NDArray[Any], dtype: "np.dtype[Any]") -> NDArray[Any]:
    """Return an array of records as `dtype` has them, which is how they were before `simulator_form`."""
    return array if array.dtype == dtype else array.astype(dtype)


def widened(dtype: "np.dtype[Any]") -> "np.dtype[Any]":
    """Return a dtype with every float32 in it, however deep, as float64."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.dtype((widened(base), shape))
    if dtype.names is not None:
        return np.dtype([(name, widened(dtype[name])) for name in dtype.names], align=dtype.isalignedstruct)
    return np.dtype(np.float64) if dtype == np.float32 else dtype


def hidden_fields(dtype: "np.dtype[Any]") -> list[str]:
    """Return the fields, however deep, that have the name of an attribute of NumPy's records or of numba's stand-in."""
    if dtype.subdtype is not None:
        return hidden_fields(dtype.subdtype[0])
    found = []
    for name in dtype.names or ():
        if hasattr(np.void, name) or name == "stream":
            found.append(name)
        found += hidden_fields(dtype[name])
    return found
