"""Its place puts this folder on the import path: `fakes:Tilted`, `exam_tables`, the plugin `finished_runs`."""

import signal

# A job in the background ignores Ctrl-C, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
