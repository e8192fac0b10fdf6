"""What a YAML file may say: pure, spoken by webhook and mapping alike."""
