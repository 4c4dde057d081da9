"""What an engineer would write by hand in plain Pulumi for the workloads of `benchmarks.shape`: no line of it is
generated, and none uses Strongroom."""
