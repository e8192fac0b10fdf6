"""The list of current problems, made of facts, for `/readyz`, `leadbridge doctor` and the console."""
