"""The whole program from outside: a child process, spoken to as strangers would speak to it."""
