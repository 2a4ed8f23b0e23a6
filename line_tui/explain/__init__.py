"""The method: concepts, scores, proposals and the loop. No torch, no textual, no files."""
