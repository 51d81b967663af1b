"""Boards of many pairs."""
