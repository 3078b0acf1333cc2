package privacy

import (
	"bytes"
	"net/netip"

	"github.com/wardline/wardline/internal/privacy/judge"
)

func (s *said) marks(a action) (m marks) {
	set := func(is bool, bit marks) {
		if is {
			m |= bit
		}
	}
	set(s.failed(), failed)
	set(string(s.verb) == "break-glass" || len(s.reason) > 0, broke)
	set(a.face, face)
	set(s.isMachine(), machine)
	set(string(s.verb) == "login", login)
	set(string(s.verb) == "logout", logout)
	set(string(s.objectKind) == "audit-log" && string(s.verb) != "stop", logView)
	set(string(s.objectKind) == "audit-log" && string(s.verb) == "stop", logOff)
	set(string(s.objectKind) == "study" && s.shows(), image)
	set(s.isBulk(), bulk)
	set(string(s.outcome) == "minor" && string(s.objectKind) == "chart" && len(s.patients) == 0, absent)
	set(m&machine != 0 && isOutside(string(s.ip)), remote)
	return m
}

// queryOf makes of a search a number in whose order neighbours are neighbours: of a number the number itself, of a name
// its first letters.
func queryOf(text []byte) uint64 {
	digits, letters := uint64(0), uint64(0)
	n, l := 0, 0
	for _, c := range bytes.ToLower(text) {
		switch {
		case '0' <= c && c <= '9' && n < 17:
			digits, n = digits*10+uint64(c-'0'), n+1
		case 'a' <= c && c <= 'z' && l < 7:
			letters, l = letters|uint64(c)<<(48-8*l), l+1
		}
	}
	switch {
	case n > 0 && l == 0:
		return 1<<62 | digits
	case l > 0:
		return letters
	}
	return 0
}

// shows tells whether something was seen or moved, and not only found.
func (s *said) shows() bool {
	a := s.act()
	return a != judge.Search && a != judge.Listed
}

// isBulk tells FHIR's bulk export, of which nobody says at first how many it holds.
func (s *said) isBulk() bool {
	return s.act() == judge.Export && len(s.patients) == 0 && s.count == 0 && (string(s.objectKind) == "export" || bytes.Contains(s.query, []byte("$export")))
}

// numberOf is the number by which a record was asked for from a server that numbers its patients, in the form of queryOf; 0 for none. Who
// guesses such numbers goes along them.
func numberOf(s *said) uint64 {
	digits, ok := bytes.CutPrefix(s.object, []byte("Patient/"))
	if !ok || len(digits) == 0 || len(digits) > 17 || string(s.objectKind) != "chart" || len(bytes.Trim(digits, "0123456789")) > 0 {
		return 0
	}
	return queryOf(digits)
}

// isOutside tells whether an address is on the internet.
func isOutside(ip string) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast()
}
