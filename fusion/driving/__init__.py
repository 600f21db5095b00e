"""Driving: where the driver looks, and warning ladders as data."""
