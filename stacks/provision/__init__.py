"""From settings to components."""
