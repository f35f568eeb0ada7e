"""Text tables: encoding, dialect, header, records."""
