"""Looking at what is stored: lists, searches, counters and trends. Changes nothing."""
