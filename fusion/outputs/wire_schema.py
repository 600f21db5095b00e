"""The JSON schema of the WebSocket frames, made from their structs."""

import json
from typing import Any

import msgspec

from fusion.outputs.wire import VERSION, AnyFrame
from fusion.outputs.wire_said import AnySaid


def schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of the frames of both directions."""
    (sent, said), parts = msgspec.json.schema_components([AnyFrame, AnySaid], ref_template="#/$defs/{name}")
    spoken = {reference["$ref"].rpartition("/")[2] for reference in said["anyOf"]}
    for name, part in parts.items():
        part["description"] = " ".join(part.get("description", "").split())
        if name not in spoken:  # what the server sends has every field, also those that its structs have defaults for
            part["required"] = list(part["properties"])
            for field in part["properties"].values():
                field.pop("default", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"attnflow over WebSocket, version {VERSION}",
            "description": "Each frame is one JSON object as text. FromServer is what a client is sent, FromClient "
                           "what it may send.",
            "anyOf": [{"$ref": "#/$defs/FromServer"}, {"$ref": "#/$defs/FromClient"}],
            "$defs": {"FromServer": sent, "FromClient": said} | dict(sorted(parts.items()))}


def schema_text() -> str:
    """Return the schema as the text that is served and that stands in the documents."""
    return json.dumps(schema(), indent=1) + "\n"
