"""A run's result as others read it: JSON and CSV."""
