"""Arithmetic: arrays in, arrays out. Knows nobody else in the house."""
