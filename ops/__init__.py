"""Day two: what an operator does with a stack that is deployed."""
