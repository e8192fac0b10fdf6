"""What people do with what is stored and with their rules, for the command line and the console alike."""
