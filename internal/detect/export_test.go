package detect

// ParseAddress is what networks read addresses with.
var ParseAddress = parseAddress

// Age brings a matcher to its last event before it must forget all others.
func (m *Matcher) Age() { m.now = 1<<31 - 1 }
