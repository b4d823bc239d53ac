"""The knowledge source `embeddings`: search by meaning over the documents of another source."""
