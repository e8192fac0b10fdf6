"""What people do with stored webhooks and with their rules, for the command line and the console alike."""
