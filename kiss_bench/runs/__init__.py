"""A run, from plan to reports; reads like the README."""
