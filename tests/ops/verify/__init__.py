"""The parts of `verify`."""
