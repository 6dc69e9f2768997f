"""Support desk of a small stationery shop: tickets, order mails, replies."""
