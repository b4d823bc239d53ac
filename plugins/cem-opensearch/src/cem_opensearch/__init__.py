"""The knowledge source `opensearch`: an index of OpenSearch or Elasticsearch."""
