"""Plumbing without rules: settings, clock, streams, wire, log, metrics, supervision, broker."""
