"""Benchmarks of the method, the models and the engine."""
