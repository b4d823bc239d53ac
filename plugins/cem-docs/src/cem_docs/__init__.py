"""A team's own documents as a knowledge source of cem-toolkit."""
