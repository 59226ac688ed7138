"""What a person looks at: first pure information, then thin renderers."""
