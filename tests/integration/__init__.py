"""Tests with real sockets, files and servers on this machine."""
