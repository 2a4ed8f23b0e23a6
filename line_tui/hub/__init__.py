"""Model files from the Hugging Face hub: the only package that may connect to anything, and only in `remote.py`."""
