"""JSONPath (RFC 9535) with the roots of a mapping file. Does not depend on YAML."""
