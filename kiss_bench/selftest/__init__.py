"""How often the judge would be wrong on data of the user's own shape: simulated tables, real folds, fits and judge."""
