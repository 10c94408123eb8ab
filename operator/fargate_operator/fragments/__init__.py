"""Pieces that kinds share: parts of specs, and what they compile to. Pure."""
