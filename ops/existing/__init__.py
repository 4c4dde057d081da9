"""What is on the servers already under the names of what a stack is about to create."""
