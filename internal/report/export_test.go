package report

// Columns is how many terminal cells clean text takes.
func Columns(s string) int { return columns(s) }
