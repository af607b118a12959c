"""Recognises web pages, which a proxy or the login page of a Wi-Fi sends in place of a server's reply."""

from __future__ import annotations

SEARCHED = 2048  # bytes at the start of a body that are searched for signs of HTML


def is_web_page(body: bytes, kind: str) -> bool:
    """Return whether the body of a reply is HTML, by its first bytes or its declared type.

    >>> is_web_page(b"<!DOCTYPE html><p>Please log in", ""), is_web_page(b'{"detail": "no"}', "application/json")
    (True, False)

    Args:
        body: the body of the reply.
        kind: the value of its Content-Type header.
    """
    start = body[:SEARCHED].lower()
    return b"<html" in start or b"<!doctype html" in start or kind.lower().startswith("text/html")
