"""Scores explanations of a layer's neurons, whoever made them."""
