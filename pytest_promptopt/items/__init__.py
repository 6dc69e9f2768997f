"""From a marked function to one judged item."""
