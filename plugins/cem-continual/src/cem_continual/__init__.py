"""Continual-learning methods as mixers and trainers of cem-toolkit: CLIP, BCL, DELTA, MulKI, learned updates, replay, and a router."""
