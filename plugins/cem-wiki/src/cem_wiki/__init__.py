"""Wikipedia as a knowledge source of cem-toolkit."""
