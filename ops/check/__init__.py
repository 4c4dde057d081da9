"""What can be known of a stack before it is deployed."""
