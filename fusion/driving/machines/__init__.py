"""The six machines that run rules: exact in time, moved only by changed facts and by their own next due moment."""
