"""The edge: hardware to timed chunks, on the bus and on disk."""
