"""Runs and models on storage that is reached by an address, such as S3, GCS or an NFS server, through fsspec.

A run always works in a local folder. What is finished is copied to the storage, and comes back from there by checksum.
Light: fsspec is imported where storage is opened.
"""
