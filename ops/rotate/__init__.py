"""`rotate`: another value, followed from the store to each pod that reads it."""
