"""Who may use the console: passwords, sessions, login attempts, and the guard in front of each page."""
