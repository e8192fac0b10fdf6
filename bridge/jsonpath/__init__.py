"""JSONPath (RFC 9535) behind the roots of a mapping file. Knows no YAML."""
