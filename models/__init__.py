"""The network: feature windows in, probabilities out."""
