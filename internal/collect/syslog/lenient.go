package syslog

import (
	"bytes"
	"time"

	"github.com/wardline/wardline/internal/event"
)

// lenient reads what RFC 3164 describes and what is written in its place: with or without a
// priority, the time as "Jan  2 15:04:05", with a year, or as RFC 3339; with the counters of network
// devices before the time; with or without a host. A message of the RFC with a host and a
// text is read as the RFC has it.
func lenient(msg []byte) Message {
	m := Message{}
	pri, rest, ok := cutPriority(msg)
	if ok {
		m.HasPriority, m.Priority = true, pri
	}
	rest = bytes.TrimLeft(rest, " ")
	rest = m.stamp(skipCounters(rest))
	if len(m.Timestamp) == 0 {
		m.Message = rest // without a time nothing tells a host from a word
		if m.HasPriority {
			m.tag(rest)
		}
		return m
	}
	if after, noHost := bytes.CutPrefix(rest, []byte(":")); noHost { // Cisco: "time: %FAC-5-NAME: text"
		m.tag(bytes.TrimLeft(after, " "))
		return m
	}
	rest = bytes.TrimLeft(rest, " ")
	host, after := cutToken(rest)
	if len(host) > 0 && host[len(host)-1] == ':' || bytes.HasSuffix(host, []byte("]")) && bytes.IndexByte(host, '[') > 0 {
		m.tag(rest) // no host: the program comes first
		return m
	}
	if len(host) == len(rest) {
		m.Message = rest // a single word is rather said than a host
		return m
	}
	if string(host) != "-" {
		m.Hostname = host
	}
	m.tag(after)
	return m
}

// cutPriority reads <PRI>: up to three digits, at most 191 (RFC 5424 section 6.2.1).
func cutPriority(msg []byte) (pri uint8, rest []byte, ok bool) {
	if len(msg) < 3 || msg[0] != '<' {
		return 0, msg, false
	}
	n := digits(msg[1:])
	if n < 1 || n > 3 || n+1 >= len(msg) || msg[n+1] != '>' {
		return 0, msg, false
	}
	v := 0
	for _, c := range msg[1 : 1+n] {
		v = 10*v + int(c-'0')
	}
	if v > 191 {
		return 0, msg, false
	}
	return uint8(v), msg[n+2:], true
}

func digits(s []byte) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}

// skipCounters passes over the message counter and sequence number that Cisco devices
// write before the time, and the star or dot that says their clock is not set.
func skipCounters(s []byte) []byte {
	for range 2 {
		if n := digits(s); n > 0 && n <= 12 && bytes.HasPrefix(s[n:], []byte(": ")) {
			s = s[n+2:]
		}
	}
	if len(s) > 1 && (s[0] == '*' || s[0] == '.') && isMonth(s[1:]) {
		s = s[1:]
	}
	return s
}

// stamp reads the time at the front of s and returns what follows.
func (m *Message) stamp(s []byte) (rest []byte) {
	if isMonth(s) {
		return m.bsdStamp(s)
	}
	if digits(s) != 4 || len(s) < len("2006-01-02T15:04") || s[4] != '-' {
		return s
	}
	n := bytes.IndexByte(s[11:], ' ')
	if n < 0 {
		n = len(s) - 11
	}
	n += 11
	word := bytes.TrimSuffix(s[:n], []byte(":"))
	t, ok := event.ParseTime(word)
	if !ok {
		return s
	}
	m.Time, m.Timestamp = t, word
	return s[len(word):]
}

// bsdStamp reads "Jan  2 15:04:05", its day padded or not, with an optional year behind the day or
// behind the time, and an optional fraction.
func (m *Message) bsdStamp(s []byte) (rest []byte) {
	p := spaces(s, 3)
	day, p, ok := decimal(s, p, 2)
	if !ok || day < 1 || day > 31 || p == len(s) || s[p] != ' ' {
		return s
	}
	p = spaces(s, p)
	year := 0
	if y, after, ok := decimal(s, p, 4); ok && after-p == 4 && after < len(s) && s[after] == ' ' {
		year, p = y, spaces(s, after)
	}
	hms, after := p, p+len("15:04:05")
	if after > len(s) || s[hms+2] != ':' || s[hms+5] != ':' {
		return s
	}
	hour, _, ok1 := decimal(s[:hms+2], hms, 2)
	minute, _, ok2 := decimal(s[:hms+5], hms+3, 2)
	second, _, ok3 := decimal(s[:after], hms+6, 2)
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 {
		return s
	}
	nanos := 0
	if after+1 < len(s) && s[after] == '.' && s[after+1]-'0' <= 9 {
		nanos, after = fraction(s, after+1)
	}
	if y, end, ok := decimal(s, min(after+1, len(s)), 4); year == 0 && ok && y >= 1970 && s[after] == ' ' && (end == len(s) || s[end] == ' ') {
		year, after = y, end
	}
	month := time.Month(1 + monthIndex(s))
	if d := time.Date(max(year, 0), month, day, 0, 0, 0, 0, time.UTC); d.Day() != day {
		return s
	}
	m.Time = time.Date(year, month, day, hour, minute, second, nanos, time.UTC)
	m.Timestamp, m.Yearless = s[:after], year == 0
	return s[after:]
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// isMonth tells whether s begins with the English name of a month, a blank and a day.
func isMonth(s []byte) bool {
	return len(s) >= len("Jan 2 15:04:05") && s[3] == ' ' && monthIndex(s) >= 0 && (s[4] == ' ' || s[4]-'0' <= 9)
}

func monthIndex(s []byte) int {
	for i := 0; i < len(months); i += 3 {
		if string(s[:3]) == months[i:i+3] {
			return i / 3
		}
	}
	return -1
}

func spaces(s []byte, p int) int {
	for p < len(s) && s[p] == ' ' {
		p++
	}
	return p
}

// decimal reads a number of at most width digits at p.
func decimal(s []byte, p, width int) (v, after int, ok bool) {
	for after = p; after < len(s) && after-p < width && s[after]-'0' <= 9; after++ {
		v = 10*v + int(s[after]-'0')
	}
	return v, after, after > p
}

func fraction(s []byte, p int) (nanos, after int) {
	unit := int(time.Second / 10)
	for after = p; after < len(s) && s[after]-'0' <= 9; after++ {
		nanos += unit * int(s[after]-'0')
		unit /= 10
	}
	return nanos, after
}

func cutToken(s []byte) (token, rest []byte) {
	i := bytes.IndexAny(s, " \n\t")
	if i < 0 {
		return s, nil
	}
	return s[:i], s[i+1:]
}

// longestTag bounds a program's name; RFC 3164 section 4.1.3 has 32, systemd more.
const longestTag = 128

// tag reads "program[pid]: " or "program: " off the front of s; the rest, or all of s, is
// the message.
func (m *Message) tag(s []byte) {
	m.Message = s
	i := bytes.IndexAny(s[:min(len(s), longestTag)], ":[ \n\t")
	if i <= 0 {
		return
	}
	name, rest := s[:i], s[i:]
	var pid []byte
	if rest[0] == '[' {
		end := bytes.IndexByte(rest[:min(len(rest), longestTag)], ']')
		if end < 0 || bytes.IndexByte(rest[:end], ' ') >= 0 {
			return
		}
		pid, rest = rest[1:end], rest[end+1:]
	}
	if len(rest) == 0 || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' && rest[1] != '\n' {
		return
	}
	m.AppName, m.ProcID = name, pid
	m.Message = bytes.TrimPrefix(rest[1:], []byte(" "))
}
