"""What Strongroom costs, each figure a ratio of two things measured in one run: `python -m benchmarks`."""
