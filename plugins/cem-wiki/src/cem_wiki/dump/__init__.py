"""Dumps of wikis, as Wikimedia and MediaWiki's dumpBackup.php write them."""
