"""What is done with results that are handed in: recomputed, checked, and held against rows nobody has seen."""
