"""`age`: which of the objects that workloads read are too old."""
