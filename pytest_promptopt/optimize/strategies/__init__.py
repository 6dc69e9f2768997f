"""The optimisation algorithms that come with the package, one a file."""
