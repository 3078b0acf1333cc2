package correlate

// Sweep forgets at once what is else forgotten from time to time.
func (s *State) Sweep() { s.sweep() }

// Remembered counts the groups that are remembered.
func (s *State) Remembered() (n int) {
	for _, groups := range s.groups {
		n += len(groups)
	}
	return n
}
