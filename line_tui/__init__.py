"""Find out what a neuron of a vision model responds to."""

__version__ = "0.1.0"
