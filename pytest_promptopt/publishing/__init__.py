"""``promptopt pr``: from what a search proposes to a pull request."""
