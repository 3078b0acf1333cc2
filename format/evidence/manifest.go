package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	version     = 1
	maxText     = 2000    // bytes of a sentence that a person wrote
	maxManifest = 1 << 20 // bytes
	maxEntry    = 1 << 53 // what every reader of JSON knows exactly (RFC 8785 3.2.2.3)

	vouchHead = "wardline evidence bundle v1"
)

// Manifest says what a bundle holds. Its JSON has one form, that of RFC 8785: names in order, no blanks, no fractions.
type Manifest struct {
	About    string    `json:"about"`    // one plain sentence, without names of patients
	Exported time.Time `json:"exported"` // in UTC, to the second
	Exporter string    `json:"exporter"`
	Files    []File    `json:"files"`   // all but manifest.json and manifest.note, in the order of their names
	Journal  string    `json:"journal"` // public key, as tlog.ParseKey reads it
	Objects  []Object  `json:"objects"`
	Reason   string    `json:"reason"`
	Software string    `json:"software"` // version of the program that exported it
	Version  int       `json:"version"`  // 1
}

// File is one file of a bundle.
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // in hex
	Size   int    `json:"size"`   // bytes
}

// Object is one line that a bundle shows.
type Object struct {
	Canonical string `json:"canonical"` // how the line's bytes came to be: "journal-line-1", as they were sealed
	Entry     uint64 `json:"entry"`     // of the journal, from 0 on
	Line      int    `json:"line"`      // of the entry, from 0 on
	Message   string `json:"message"`   // how objects/….message was taken out of the line: "fields.message", "bytes", or "" when there is none
	Name      string `json:"name"`      // "001" and so on
	SHA256    string `json:"sha256"`    // of the line, in hex
	Shown     string `json:"shown"`     // "opening": the line leads to the leaf; "house": nobody but the house says so
}

// What Object says.
const (
	AsSealed    = "journal-line-1"
	FromFields  = "fields.message"
	FromBytes   = "bytes"
	ByOpening   = "opening"
	ByHouseOnly = "house"
)

// Custody says who took the evidence out of the journal. It is written down in the journal before that is done.
type Custody struct {
	Act      Place     `json:"act"` // where it stands in the journal
	Exported time.Time `json:"exported"`
	Exporter string    `json:"exporter"`
	Reason   string    `json:"reason"`
}

// Place is where a line stands in a journal.
type Place struct {
	Entry uint64 `json:"entry"`
	Line  int    `json:"line"`
}

// canonical writes JSON in the form of RFC 8785. The fields of our types are in the order of their names, their texts hold nothing that
// encoding/json escapes otherwise: see plain.
func canonical(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("wardline: internal error: what is in a bundle is not JSON: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// parseCanonical reads what canonical wrote, and nothing else.
func parseCanonical(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || !bytes.Equal(canonical(into), text) {
		return fmt.Errorf("%w: not JSON in its one form", ErrEvidence)
	}
	return nil
}

// Bytes returns the manifest as it stands in a bundle.
func (m *Manifest) Bytes() []byte { return canonical(m) }

// ParseManifest reads what Bytes returned, and nothing else.
func ParseManifest(text []byte) (*Manifest, error) {
	if len(text) > maxManifest {
		return nil, fmt.Errorf("%w: a manifest of %d bytes, at most %d are read", ErrEvidence, len(text), maxManifest)
	}
	m := &Manifest{}
	if err := parseCanonical(text, m); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Manifest) check() error {
	switch {
	case m.Version != version:
		return fmt.Errorf("%w: the bundle has version %d, this program knows %d", ErrEvidence, m.Version, version)
	case !plain(m.About) || !plain(m.Exporter) || !plain(m.Reason) || !plain(m.Software) || !plain(m.Journal):
		return fmt.Errorf("%w: a text of the manifest is missing, too long or no plain line", ErrEvidence)
	case m.Exported.IsZero() || !m.Exported.Equal(second(m.Exported)) || m.Exported.Location() != time.UTC:
		return fmt.Errorf("%w: the manifest has no time of export", ErrEvidence)
	case len(m.Objects) == 0 || len(m.Objects) > MaxObjects || len(m.Files) > maxFiles:
		return fmt.Errorf("%w: a bundle shows 1 to %d lines, not %d", ErrEvidence, MaxObjects, len(m.Objects))
	}
	for i := range m.Objects {
		o := &m.Objects[i]
		good := o.Name == objectName(i) && o.Canonical == AsSealed && o.Entry < maxEntry && o.Line >= 0 && o.Line < 1<<maxPath &&
			(o.Message == "" || o.Message == FromFields || o.Message == FromBytes) && (o.Shown == ByOpening || o.Shown == ByHouseOnly)
		if !good {
			return fmt.Errorf("%w: object %d of the manifest cannot be read", ErrEvidence, i+1)
		}
	}
	return nil
}

func objectName(i int) string { return fmt.Sprintf("%03d", i+1) }

func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// plain tells whether a text is one line that can be shown to people and that all who write JSON write alike.
func plain(text string) bool {
	return strings.TrimSpace(text) != "" && len(text) <= maxText && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) || r == '\u2028' || r == '\u2029' })
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Vouch returns the text of manifest.note, which the journal signs. origin is the name of its key. No log has an origin
// with blanks, so it can never be taken for a checkpoint.
func Vouch(origin string, manifest []byte) []byte {
	return fmt.Appendf(nil, "%s\n%s\nmanifest.json sha256 %s\n", vouchHead, origin, digest(manifest))
}

// message takes the message out of a line that holds one whole: HL7 as text, or bytes that could not be read. how is "" when it holds none.
func message(line []byte) (text []byte, how string) {
	var l struct {
		Bytes  []byte          `json:"bytes"`
		Fields json.RawMessage `json:"fields"`
	}
	if json.Unmarshal(line, &l) != nil {
		return nil, ""
	}
	if len(l.Bytes) > 0 {
		return l.Bytes, FromBytes
	}
	var f struct {
		Message string `json:"message"`
	}
	if len(l.Fields) == 0 || json.Unmarshal(l.Fields, &f) != nil || f.Message == "" {
		return nil, ""
	}
	return []byte(f.Message), FromFields
}
