"""A preset for cem-toolkit that needs no download but its own dependencies."""
