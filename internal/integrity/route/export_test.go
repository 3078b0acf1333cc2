package route

// Widest is the longest list that one message can make a Route look through.
func (r *Route) Widest() int {
	widest := 0
	for _, all := range r.byKey {
		widest = max(widest, len(all))
	}
	for _, all := range r.wanted {
		widest = max(widest, len(all))
	}
	return widest
}

// Waiting is how many messages behind wait to be found in front.
func (r *Route) Waiting() int { return len(r.waiting) }
