"""`/console/`: see everything, fix anything, in the browser."""
