"""Its place puts this folder on the import path: `fakes:Tilted`, `exam_tables`, the plugin `finished_runs`."""

import signal

from kiss_bench.evaluation.arithmetic import set_level

# Before NumPy is loaded: what a test fits by hand is to be what a worker, or a command, computes.
set_level()

# A job in the background ignores Ctrl-C, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
