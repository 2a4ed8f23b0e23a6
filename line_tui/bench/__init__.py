"""Benchmarks of the method and of the models."""
