"""Unlearning methods as trainers of cem-toolkit: ICU, EUL and LTU, with measures of whether something was forgotten."""
