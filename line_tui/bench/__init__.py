"""Measurements of the models and of the method, against what is known."""
