"""ZIM files, as Kiwix offers them."""
