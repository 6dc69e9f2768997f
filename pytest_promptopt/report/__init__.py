"""From results to text; pure, so that a test of a report is a comparison of strings."""
