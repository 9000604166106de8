"""The base of every operational error. The docstring of an error is its message."""


class KeepclearError(Exception):
    """Keepclear could not do what was asked."""

    def __init__(self, message: str = "") -> None:
        """Take the class's docstring as the message unless a better one is given."""
        super().__init__(message or (type(self).__doc__ or "").strip())
