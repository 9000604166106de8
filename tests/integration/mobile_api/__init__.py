"""The door against a real record."""
