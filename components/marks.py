"""What an annotation can say besides a type."""

SECRET = "secret"  # noqa: S105 - a mark, and no value
"""It holds a secret: `Annotated[..., SECRET]`."""
