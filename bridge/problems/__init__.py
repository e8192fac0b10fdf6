"""What is wrong now: one list, made of facts, for `/readyz`, `leadbridge doctor` and the console."""
