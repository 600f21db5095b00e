"""Which of the LSL streams on the network is meant, and a clear word where none or several are."""

from typing import Any

import pylsl

from sensors.drivers.lsl_config import LslConfig
from sensors.errors import DeviceError
from sensors.rig_outputs import LSL_SOURCE

MOST = 1024
"""So many answers are never reached: the resolver waits its whole time and returns all there are."""
LISTED = 12


def choose(config: LslConfig, stream: str) -> Any:
    """Return the short info of the one stream that the table means.

    Parameters
    ----------
    config
        The table.
    stream
        Its name, for the sentences.

    Raises
    ------
    DeviceError
        If none is meant, or several are; both list what is there.
    """
    if config.predicate:
        found = pylsl.resolve_bypred(config.predicate, MOST, config.resolve_s)
    else:
        found = pylsl.resolve_streams(config.resolve_s)
    meant = [info for info in found if matches(info, config)]
    if len(meant) == 1:
        return meant[0]
    wanted = " and ".join(f"{key} '{getattr(config, key)}'" for key in ("name", "type", "source_id", "predicate")
                          if getattr(config, key))
    if meant:
        raise DeviceError(f"{len(meant)} LSL streams have {wanted}: {listed(meant)}.",
                          f"Say which: --set {stream}.name=..., or --set {stream}.source_id=...")
    if config.predicate:
        found = pylsl.resolve_streams(config.resolve_s)
    here = f"there are: {listed(found)}" if found else "no stream answered at all"
    raise DeviceError(f"There is no LSL stream with {wanted}; {here}.",
                      "Start its sender; on a network without multicast, name its address under KnownPeers in "
                      "lsl_api.cfg.")


def matches(info: Any, config: LslConfig) -> bool:
    """Return whether a stream has the table's name, type (in any case) and source; by type alone none of ours."""
    named = config.name or config.source_id or config.predicate
    return (bool(named or not info.source_id().startswith(LSL_SOURCE))
            and (not config.name or info.name() == config.name)
            and (not config.type or info.type().lower() == config.type.lower())
            and (not config.source_id or info.source_id() == config.source_id))


def listed(infos: list[Any]) -> str:
    """Return the streams as a person would tell them apart."""
    lines = sorted(f"{info.name()} ({info.type() or 'no type'}, {info.channel_count()} channels, {rate(info)}, "
                   f"source_id '{info.source_id()}', on {info.hostname()})" for info in infos)
    more = f"; and {len(lines) - LISTED} more" if len(lines) > LISTED else ""
    return "; ".join(lines[:LISTED]) + more


def rate(info: Any) -> str:
    """Return the nominal rate as a person reads it."""
    return f"{info.nominal_srate():g} Hz" if info.nominal_srate() > 0 else "irregular"
