"""Scores explanations of a layer's neurons, from any tool."""
