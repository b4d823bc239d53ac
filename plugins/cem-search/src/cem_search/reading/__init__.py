"""Turns what servers sent into text: in a process of its own, within limits of time and memory."""
