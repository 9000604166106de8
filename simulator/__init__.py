"""Devices that behave badly on purpose, reproducibly."""
