"""How commands show things: language, tables, colours, JSON, and lines that several verbs share."""
