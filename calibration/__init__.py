"""How often the judge is wrong: simulations with a known truth, judged by the real judge. Run `make calibrate`."""
