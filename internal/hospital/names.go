package hospital

import "strings"

// Bounds of names. A sender that makes up a name for every message must not fill the memory.
const (
	mostNames   = 2 << 20
	longestName = 200 // bytes
)

// names gives every name a number. Names that differ in case only are one.
type names struct {
	refs  map[string]Ref
	texts []string // as first written; the name of ref r is at r-1
	saved int      // how many of them lie on the disk
}

func normal(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > longestName {
		text = text[:longestName]
	}
	return text
}

func (n *names) ref(text string) Ref { return n.refs[strings.ToLower(normal(text))] }

func (n *names) intern(text string, limits *Limits) Ref {
	text = normal(text)
	if text == "" {
		return 0
	}
	folded := strings.ToLower(text)
	if r, ok := n.refs[folded]; ok {
		return r
	}
	if len(n.texts) >= mostNames {
		limits.Unnamed++
		return 0
	}
	text = strings.Clone(text) // it may be a part of a whole message
	n.add(text)
	return Ref(len(n.texts))
}

// add gives text the next number.
func (n *names) add(text string) {
	n.texts = append(n.texts, text)
	n.refs[strings.ToLower(text)] = Ref(len(n.texts))
}

func (n *names) text(r Ref) string {
	if r == 0 || int(r) > len(n.texts) {
		return ""
	}
	return n.texts[r-1]
}
