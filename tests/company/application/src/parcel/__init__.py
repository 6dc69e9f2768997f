"""Answers what customers of a parcel service write."""
