package hospital

import "slices"

// membership says that one who works here is on a protocol.
type membership struct {
	protocol Ref
	from, to stamp
	said     stamp
	void     bool
}

const (
	mostProtocols = 64
	keepProtocol  = 30 * day // after its end a membership still counts: accesses are judged later than they were made
)

// takeMember enters who is on a protocol. The latest word on it holds.
func (h *House) takeMember(f *MemberFact, said stamp) {
	w, protocol := h.named(h.Intern(f.Staff.Text)), h.Intern(f.Protocol)
	if w == nil || protocol == 0 {
		h.limits.Nobody++
		return
	}
	if w.join(membership{protocol, at(f.From), at(f.To), said, f.Void}, &h.limits) {
		h.workers.dirty[w.ID] = struct{}{}
	}
}

func (w *worker) join(m membership, limits *Limits) (changed bool) {
	i := slices.IndexFunc(w.member, func(o membership) bool { return o.protocol == m.protocol })
	if i < 0 {
		w.member = bound(append(w.member, m), mostProtocols, limits)
		return true
	}
	if m.said < w.member[i].said {
		return false
	}
	changed = m != w.member[i]
	w.member[i] = m
	return changed
}

// protocols lists those that the person is on, or was until lately.
func (w *worker) protocols(now stamp) (all []Ref) {
	for _, m := range w.member {
		if !m.void && m.from <= now && (m.to == 0 || m.to.plus(keepProtocol) > now) {
			all = append(all, m.protocol)
		}
	}
	return all
}
