"""Activation maximization: compares generated images with what gradient ascent reaches."""
