"""What a cluster says."""
