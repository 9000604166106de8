"""The benchmark: a program of its own making, a load it cannot slow down, and a console's socket.

`command` is the door, `run` the course of one measurement, `plan` what is published and when,
`load` the devices (a process of their own), `screen` the console, `figures` what came of it.
"""
