"""The commands, one a module; `python -m ops` puts them together."""
