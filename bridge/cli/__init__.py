"""The words of the command line: options and help of each verb, which they call with plain arguments."""
