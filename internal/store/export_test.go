package store

// Numbered is what statements go through on their way to SQLite.
func Numbered(query string) (string, int) { return numbered(query) }
