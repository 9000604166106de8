"""The program: its commands, and the only place that puts rooms together."""
