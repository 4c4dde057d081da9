"""The components for programs in other languages: a schema of them, and a provider that makes them.

Both are read off the components' own constructors, so that a component is the same in every language.
"""
