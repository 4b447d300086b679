"""The object store: blobs, models, records. One module each."""
