"""The shared language: what every room means by a fix, an order, a transition, an incident."""
