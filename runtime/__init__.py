"""The shared machinery: settings, clock, wire, streams, log, metrics, supervision, broker.

All plumbing and no rules: nothing in here knows what a breach is.
"""
