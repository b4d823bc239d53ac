"""One reader for each format. All give the same: documents as sequences of blocks (`cem_docs.blocks`)."""
