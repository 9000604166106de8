"""The HTTP and websocket door, and the pages behind it."""
