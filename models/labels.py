"""What the network tells: the states by name, and what counts as a lapse."""

STATES = ("focused", "distracted_visual", "distracted_cognitive", "drowsy", "overloaded", "away")
"""The states that are told apart, in the order of every probability vector; "unknown" is the session's word."""

NOT_LABELLED = -1
"""The state of a step about which nobody knows the truth."""

HORIZONS_S = (3.0, 10.0)
"""Early warning: the chance of a lapse within so many seconds.

A lapse begins when the eyes close for a second or longer, when a glance off the target begins that lasts two seconds
or longer, or when the person leaves. While one lasts, nothing is left to warn of: such steps carry no label.
"""

LANES = ("camera", "microphone", "eeg", "fusion")
"""What brings a token at every step: each modality that senses the person, and what needs several of them."""

SENSING = ("camera", "microphone", "eeg")
"""Modalities that sense the person; their seven subsets are what the network is tested on."""
