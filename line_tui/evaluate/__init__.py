"""Score anybody's explanations of a layer's neurons."""
