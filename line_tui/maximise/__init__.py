"""Activation maximisation beside the loop: how near generated images come to what gradients reach."""
