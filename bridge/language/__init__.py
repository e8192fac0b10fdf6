"""The language of YAML files, used by `webhook` and `mapping`. Pure."""
