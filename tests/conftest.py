"""Its place puts this folder on the import path: `fakes:Tilted`, `exam_tables`, the plugin `finished_runs`."""
