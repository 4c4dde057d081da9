"""What messages of the driver, its providers and the stores mean."""
