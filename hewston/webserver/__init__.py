"""The web server: daphne, with limits on what one client may send, hold and make it hold."""
