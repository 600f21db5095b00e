"""Adapters on disk: a safetensors file that names the layout, the weights it belongs to, the person and its history."""

import json
from pathlib import Path

from kernels.layout import layout_hash
from models.adapter import Adapter, fresh, merged
from models.checkpoint import Trained
from models.errors import ModelError
from models.files import appearing
from models.fusion_net import FusionNet
from models.people import checked
from models.tensors import read

FORMAT = "attnflow person 1"
LARGEST = 100_000
"""Bytes that an adapter may take on disk."""
AGAIN = "Remove it with attnflow person forget, and learn it again with attnflow personalise."


def save(path: Path, adapter: Adapter) -> int:
    """Write an adapter, whole or not at all, and return its size in bytes.

    Raises
    ------
    ModelError
        If the pseudonym is none, or the file would be larger than `LARGEST`.
    """
    from safetensors.torch import save as to_bytes

    header = {"format": FORMAT, "layout": layout_hash(), "backbone": adapter.backbone,
              "person": checked(adapter.person), "history": json.dumps([dict(one) for one in adapter.history])}
    data = to_bytes({name: value.detach().contiguous() for name, value in adapter.tensors.items()}, header)
    if len(data) > LARGEST:
        raise ModelError(f"{path}: the adapter takes {len(data)} bytes, expected {LARGEST} at most.",
                         f"Choose a rank under {adapter.rank}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with appearing(path) as part:
        part.write_bytes(data)
    return len(data)


def load(path: Path, net: FusionNet, person: str) -> Adapter:
    """Read the adapter of a person to a network.

    Raises
    ------
    ModelError
        If it is missing, damaged, none of ours, somebody else's, or made for another layout or other weights.
    """
    from safetensors import SafetensorError

    try:
        header, tensors = read(path)
    except FileNotFoundError:
        raise ModelError(f"Nothing is learned about '{person}' yet: there is no {path}.",
                         "Begin with: attnflow personalise") from None
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: the adapter is damaged ({error}).", AGAIN) from None
    wanted = fresh(net, person)
    expected = {"format": FORMAT, "layout": layout_hash(), "backbone": wanted.backbone, "person": person}
    for name, ours in expected.items():
        if header.get(name) != ours:
            raise ModelError(f"{path}: the adapter has the {name} '{header.get(name, '')}', expected '{ours}'.", AGAIN)
    try:
        rank = int(tensors["heads.state.down"].shape[0])
        shapes = {name: value.shape for name, value in fresh(net, person, rank).tensors.items()}
        history = tuple(json.loads(header["history"]))
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"{path}: the adapter is damaged ({error}).", AGAIN) from None
    if {name: value.shape for name, value in tensors.items()} != shapes:
        raise ModelError(f"{path}: the adapter does not have the shapes of its network.", AGAIN)
    return Adapter(person, wanted.backbone, tensors, history)


def personal(trained: Trained, adapter: Adapter) -> Trained:
    """Return the network as it is for one person, ready for use; the card tells which weights it came from."""
    card = trained.card | {"person": adapter.person, "backbone": adapter.backbone,
                           "updates": [dict(one) for one in adapter.history]}
    return Trained(merged(trained.net, adapter), trained.calibration, card)
