"""What the console says, in English and Russian: `en/PAGE.json` and `ru/PAGE.json` have the same keys."""
