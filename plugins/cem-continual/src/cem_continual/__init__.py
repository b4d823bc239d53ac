"""Continual-learning methods as mixers and trainers of cem-toolkit."""
