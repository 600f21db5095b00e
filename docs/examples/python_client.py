"""Listens to a running session over WebSocket; needs only `pip install websockets`.

    attnflow live --set outputs.websocket.port=8765
    python docs/examples/python_client.py ws://127.0.0.1:8765

It tells the session of one target, straight ahead, and prints states, alerts, hints and what the eyes did.
"""

import argparse
import json

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

WANTED = ["state", "alert", "hint", "event", "stream"]
"""Also to be had: "gaze", at the camera's or the headset's rate, and "target"."""


def lost(frame: dict, newest: dict[str, int]) -> int:
    """Return how many frames of this type are missing before this one that the server did not leave out itself."""
    kind, seq = frame["type"], frame["seq"]
    if seq <= newest.get(kind, seq):  # told again, as it held before we came
        return 0
    missing = seq - newest[kind] - 1 - frame["dropped"]
    newest[kind] = seq
    return missing


def sentence(frame: dict) -> str:
    """Return a frame as one line."""
    age = f"{frame['age_ms']:.0f} ms old"
    match frame["type"]:
        case "state":
            confidence = "unknown" if frame["confidence"] is None else f"{frame['confidence']:.2f}"
            return f"{frame['state']}  confidence {confidence}  {frame['status']}  {age}  {frame['reason']}"
        case "alert":
            return f"ALERT {frame['level']} {frame['rule']} {'on' if frame['active'] else 'over'}: {frame['reason']}"
        case "hint":
            return f"HINT {frame['hint']} {'on' if frame['active'] else 'over'}: {frame['reason']}"
        case "event":
            return f"eyes: {frame['kind']} {frame['target']}".rstrip()
        case "stream":
            who = "a simulated person" if frame["simulated"] else "a sensor"
            return f"stream {frame['stream']}: {who}, {frame['rate_hz']:g} Hz"
        case "error":
            return f"refused: {frame['reason']}"
    return f"{frame['type']}  {age}"


def main() -> None:
    """Connect, tell a target, and print until the session ends or enough frames have come."""
    parser = argparse.ArgumentParser(description="Listen to an attnflow session.")
    parser.add_argument("address", nargs="?", default="ws://127.0.0.1:8765")
    parser.add_argument("--frames", type=int, default=0, help="stop after so many; 0 goes on until the session ends")
    options = parser.parse_args()
    newest: dict[str, int] = {}
    with connect(options.address, compression=None) as socket:
        socket.send(json.dumps({"v": 1, "type": "subscribe", "types": WANTED}))
        socket.send(json.dumps({"v": 1, "type": "target", "name": "ahead", "yaw": 0.0, "pitch": 0.0,
                                "width": 0.35, "height": 0.25, "source": "python_client"}))
        shown = 0
        try:
            for text in socket:
                frame = json.loads(text)
                if frame["type"] == "hello":
                    newest = frame["seqs"]
                    simulated = f"; simulated: {', '.join(frame['simulated'])}" if frame["simulated"] else ""
                    print(f"connected to {frame['server']}{simulated}", flush=True)
                    continue
                missing = lost(frame, newest)
                if missing:
                    print(f"{missing} frames of type {frame['type']} are missing", flush=True)
                print(sentence(frame), flush=True)
                shown += 1
                if shown == options.frames:
                    break
            else:
                print("the session ended")
        except ConnectionClosed as closed:
            print(f"the connection broke: {closed}")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        raise SystemExit(f"Cannot connect: {error}. Is a session with [outputs.websocket] running?") from None
    except KeyboardInterrupt:
        pass
