"""``promptopt init``: the prompts of a repository, and a first test of one of them."""
