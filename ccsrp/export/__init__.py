"""Networks taken home: files that rebuild them without pickle and without this package."""
