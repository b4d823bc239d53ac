"""Putting what a run made on the Hugging Face Hub: the model with its card, and what it was trained on.

Light: huggingface_hub is imported where something is sent.
"""
