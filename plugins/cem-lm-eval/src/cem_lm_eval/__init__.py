"""The evaluator of cem-toolkit that runs lm-eval harness tasks and plain question files."""
