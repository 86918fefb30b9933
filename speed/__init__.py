"""How fast the ladder is, measured against a script written by hand: `python -m speed` writes docs/speed.md."""
