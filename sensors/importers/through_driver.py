"""Files that a live driver already reads, run through it at once: its columns, its units, its times."""

from pathlib import Path

import numpy as np

from sensors import driver as drivers
from sensors.clock import FakeClock
from sensors.driver import Config, Setting
from sensors.errors import DeviceError, ForeignFileError
from sensors.importers.contents import Contents, Stream
from sensors.importers.stamps import as_they_are

READ_S = 1.0


def run(name: str, config: Config, stream: str, path: Path) -> Contents:
    """Return everything that the driver `name` makes of a file.

    Parameters
    ----------
    name
        Registry name of the driver.
    config
        Its settings, with the file as source and without pacing by the clock.
    stream
        The stream's name.
    path
        The file, for the sentences.

    Raises
    ------
    ForeignFileError
        If the file gives no sample.
    DeviceError
        If the driver cannot open or read it.
    """
    contents = Contents()
    driver = drivers.build(name, config, Setting(stream=stream, start_ns=0, clock=FakeClock()))
    values, times = [], []
    try:
        info = driver.open()
        while (samples := driver.read(READ_S)) is not None:
            if len(samples.times_ns):
                values.append(samples.values)
                times.append(samples.times_ns)
    except DeviceError as error:
        if not values:
            raise
        contents.warnings.append(f"{error.message} What came before is imported.")
    finally:
        lost = driver.lost()
        driver.close()
    if not values:
        raise ForeignFileError(f"{path.name} gives no sample of the {stream}.", "Is it long enough, and whole?")
    table = np.concatenate(values)
    if lost:
        contents.warnings.append(f"The driver could not use {lost} sample{'s' if lost > 1 else ''} of the file.")
    contents.streams.append(Stream(stream, info.kind, info.columns, info.rate_hz, table,
                                   as_they_are(np.concatenate(times), info.rate_hz), None, info.device,
                                   {**info.meta, "holes": "kept"}))
    return contents
