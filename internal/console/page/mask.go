package page

import (
	"strings"
	"unicode"

	"github.com/wardline/wardline/internal/vault"
)

// dots stand for what is not shown.
const dots = "••••"

// Mask hides an identifier of a patient and leaves its last digits, so that two can be told
// apart by someone who knows them: ••••4471. What is short, or is no number, is hidden whole.
func Mask(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, vault.Prefix) {
		return s // a token says nothing
	}
	digits, tail := 0, 0
	for _, r := range s {
		if r > unicode.MaxASCII || !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_./:", r)) {
			return dots
		}
		if r >= '0' && r <= '9' {
			digits++
			tail++
			continue
		}
		tail = 0
	}
	switch {
	case digits >= 7 && tail >= 4:
		return dots + s[len(s)-4:]
	case digits >= 5 && tail >= 2:
		return dots + s[len(s)-2:]
	}
	return dots
}

// Veil hides, wherever they stand in a text, the patients that an event names.
type Veil struct{ names []string }

// NewVeil hides these identifiers. Those of fewer than three characters would hide half of every text,
// so fields that hold them are to be hidden by name.
func NewVeil(patients ...string) Veil {
	var v Veil
	for _, p := range patients {
		if p = strings.TrimSpace(p); len(p) >= 3 {
			v.names = append(v.names, p)
		}
	}
	return v
}

// Hide returns the text with every patient in it masked. Upper and lower case make no difference.
func (v Veil) Hide(s string) string {
	for _, name := range v.names {
		lower, folded := strings.ToLower(name), strings.ToLower(s)
		if len(folded) != len(s) || len(lower) != len(name) { // folding moved the places: compare as written
			lower, folded = name, s
		}
		if !strings.Contains(folded, lower) {
			continue
		}
		var b strings.Builder
		for {
			i := strings.Index(folded, lower)
			if i < 0 {
				break
			}
			b.WriteString(s[:i])
			b.WriteString(Mask(name))
			s, folded = s[i+len(name):], folded[i+len(lower):]
		}
		b.WriteString(s)
		s = b.String()
	}
	return s
}
