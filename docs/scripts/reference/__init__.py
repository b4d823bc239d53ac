"""The reference's pages, made from the code: `make reference` writes them."""
