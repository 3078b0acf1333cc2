package passphrase

// Occupy takes both places of those who hash, until release is called.
func Occupy(h *Hasher) (release func()) {
	h.working <- struct{}{}
	h.working <- struct{}{}
	return func() { <-h.working; <-h.working }
}
