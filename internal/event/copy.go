package event

// Copy adds a value that is JSON already under a name that is escaped as JSON demands but stands
// without quotes: both as they are found in another object. The name may come in parts, which a
// low line joins (Execution, ProcessID: Execution_ProcessID). Parts that are empty are left out.
func (b *Builder) Copy(value []byte, name ...[]byte) {
	if len(b.buf) > 1 {
		b.buf = append(b.buf, ',')
	}
	b.buf = append(b.buf, '"')
	start := len(b.buf)
	for _, part := range name {
		if len(part) > 0 && len(b.buf) > start {
			b.buf = append(b.buf, '_')
		}
		b.buf = append(b.buf, part...)
	}
	b.buf = append(b.buf, '"', ':')
	b.buf = append(b.buf, value...)
}
