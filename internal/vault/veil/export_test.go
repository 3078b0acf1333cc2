package veil

// Remember has the veil remember no more than so many in each of its two generations.
func (v *Veil) Remember(most int) { v.known.most = most }
