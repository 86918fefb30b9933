"""The tuning record: what `tuning.json` holds, and what is worked out for it. No unit depends on it."""
