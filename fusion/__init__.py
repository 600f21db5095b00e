"""The session: bus, features, estimator, states, outputs, and the command line."""
