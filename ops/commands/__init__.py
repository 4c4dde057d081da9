"""The commands, one a module; `strongroom` puts them together."""
