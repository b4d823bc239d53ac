"""Search and pages from a live wiki, by MediaWiki's Action API."""
