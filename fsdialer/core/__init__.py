"""The core decides; the edges do.

Nothing in this folder may do I/O, read a clock, sleep, or import gevent, Redis or Flask: every function gets
what it needs as arguments, `now` (epoch seconds) among them, and gives its answer as a value.
"""
