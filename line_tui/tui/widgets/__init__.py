"""The widgets, one a file; each shows what it is given and knows nothing of the others."""
