"""The protocol of image registries (OCI distribution), over HTTP, without a daemon."""
