// Package trace writes what the systems beside the patient record leave behind when somebody does something: an image
// archive's audit message, the log of a web interface, a sign-in, a print job, a drug taken from a cabinet.
//
// Each function makes one record as the real system would write it, from what happened and from nothing else: the
// same values always give the same bytes. A record has no envelope of transport; whoever sends it adds the count of
// syslog or the line's end.
package trace

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Who is the account that acted. Name is how the system shows the person, empty where it does not know.
type Who struct{ Login, Name string }

// From is where somebody sat, or which machine it was.
type From struct{ Host, IP string }

// Patient is a patient as systems beside the record know one.
type Patient struct{ MRN, Authority string }

// CX is p as HL7 and audit messages write an identifier (HL7 v2.5.1 2.A.14).
func (p Patient) CX() string { return p.MRN + "^^^" + p.Authority + "^MR" }

// fields is an object of JSON; its members are written in the order of their names.
type fields = map[string]any

// object is one JSON object on one line.
func object(f fields) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		panic("wardline: internal error: " + err.Error()) // texts and numbers only
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// millis is t in UTC as most JSON logs write it.
func millis(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// UUID is an identifier of RFC 9562's form that stands for n: the same n, the same identifier.
func UUID(n uint64) string {
	hi, lo := mix(n), mix(n^0x9e3779b97f4a7c15)
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xfff, 0x8000|lo>>48&0x3fff, lo&0xffffffffffff)
}

// mix is the finaliser of SplitMix64: neighbours become strangers.
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
