"""Asks strangers' servers for pages: only public ones, politely, and never for more than was agreed.

    Client (redirects, tries again)  ->  Manners (whose turn it is)
        ->  Http (one request)  ->  Network (the connection, to a checked address)  ->  read_body (its limits)

`Fetcher` puts them together for pages, with robots.txt.
"""
