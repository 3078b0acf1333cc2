package indicator

// StartAt makes n the number of the next entry, as if so many had been added.
func (b *Builder) StartAt(n int) { b.set.next = uint32(n) }
