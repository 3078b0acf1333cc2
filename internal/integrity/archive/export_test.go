package archive

import (
	"io"
	"net/http"
	"time"
)

// Match is an entry of a list.
type Match struct{ Study, Series, Instance, Modality, Date, Patient, Issuer string }

// ParseMatches reads a list.
func ParseMatches(r io.Reader) (matches []Match, odd int, err error) {
	odd, err = parseMatches(r, func(m match) error {
		matches = append(matches, Match{m.study, m.series, m.instance, m.modality, m.date, m.patient, m.issuer})
		return nil
	})
	return matches, odd, err
}

// Hurry has answers wait no longer than that, and in all not much longer.
func (s *Source) Hurry(wait time.Duration) {
	s.limits = limits{wait: wait, slow: 4 * wait, slowest: 1 << 30}
	if t, ok := s.client.Transport.(*http.Transport); ok {
		t.ResponseHeaderTimeout = wait
	}
}

// IsUID tells what can be an identifier.
func IsUID(s string) bool { return isUID(s) }
