"""Mending a cut recording: what is whole is written to a clean file, which is then read back and compared."""

from pathlib import Path

from sensors.errors import RecordingError
from sensors.recording_file import RecordingFile
from sensors.recording_reader import Recording

_FLUSH_BYTES = 1_000_000
_VERDICT = ("messages", "dropped", "complete", "end_ns", "last_number", "salvaged", "lost_seconds")


def salvage(path: Path, out: Path) -> Recording:
    """Write everything whole in the recording `path` to a new, clean recording `out`, and return that.

    The new file keeps order, running numbers, metadata and attachments, and says that it was salvaged and how many
    seconds may be missing.

    Parameters
    ----------
    path
        A recording that was cut or damaged; a whole one is copied.
    out
        The file to create; it must not exist.

    Raises
    ------
    RecordingError
        If `path` is no recording, `out` exists or cannot be written, or the copy does not hold what was read.
    """
    broken = Recording(path)
    about = {key: text for key, text in broken.metadata.items() if key not in _VERDICT}
    file = RecordingFile(out, metadata=about, attachments=broken.attachments, topics=tuple(broken.count))
    sequence = 0
    try:
        for sequence, received_ns, topic, payload in broken.numbered():
            file.add(topic, payload, received_ns, sequence)
            if file.pending_bytes >= _FLUSH_BYTES:
                file.flush()
        file.finish({
            "messages": str(sum(broken.count.values())), "lost_seconds": f"{broken.lost_seconds:.9f}",
            "salvaged": "no" if broken.complete else "yes", "complete": "yes" if broken.complete else "no",
            "dropped": broken.metadata.get("dropped", "0"), "last_number": str(sequence),
            "end_ns": broken.metadata.get("end_ns", str(broken.end_ns))})
    except OSError as error:
        file.abandon()
        raise RecordingError(f"{out} cannot be written: {error.strerror}.",
                             f"Free space there (df -h {out.parent}) and run it again.") from None
    mended = Recording(out)
    if mended.count != broken.count:
        raise RecordingError(f"{out} holds {mended.count}, expected {broken.count} as in {path}.",
                             "The disk is not trustworthy; write to another one.")
    return mended
