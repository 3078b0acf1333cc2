// Package digest is the vocabulary in which Wardline says that something is still the same: short fingerprints of
// records, each with the name of the way in which the record was written down before it was measured.
//
// A digest proves sameness, never truth: what was wrong when it was sealed first stays wrong and unchanged. The digest of
// something that has few possible values, such as a sex or a blood group, can be guessed by trying all of them.
// What leaves the site, or is shown to outsiders, is therefore the keyed form: see Site.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Label names a canonical form and its version: how a record was written before it was hashed. A form is never changed under
// its label; a better one gets a new label, and what was sealed under the old one can still be checked.
type Label string

// The canonical forms. The sum of each is the plain SHA-256 of the canonical bytes, so that anybody can check
// it with sha256sum who has these bytes.
const (
	Raw               Label = "raw"                   // the bytes as received
	HL7Exact1         Label = "hl7c-1"                // HL7 v2, all that a message says
	HL7Semantic1      Label = "hl7s-1"                // HL7 v2 without what interface engines rewrite
	JCS               Label = "jcs"                   // RFC 8785
	JCSDecText        Label = "jcs+dectext"           // RFC 8785, numbers as they were written
	FHIRStatic1       Label = "fhir-static-1"         // FHIR without meta and narrative, then JCS
	FHIRStaticDecText Label = "fhir-static-1+dectext" // the same, numbers as they were written
	FHIRLabels1       Label = "fhir-labels-1"         // FHIR meta.security and meta.tag alone
	DICOM1            Label = "dcmc-1"                // the data set of a DICOM instance
	Row1              Label = "row-1"                 // one row of a database table
	Rows1             Label = "rows-1"                // a chunk of rows
	Audit1            Label = "audit-1"               // a block of audit records
	Assert1           Label = "assert-1"              // one clinical statement, whichever system makes it
)

// Known tells whether this version knows the form that l names.
func (l Label) Known() bool {
	switch l {
	case Raw, HL7Exact1, HL7Semantic1, JCS, JCSDecText, FHIRStatic1, FHIRStaticDecText, FHIRLabels1, DICOM1, Row1, Rows1, Audit1, Assert1:
		return true
	}
	return false
}

// Sum is a SHA-256 hash.
type Sum = [sha256.Size]byte

// Digest is the hash of a record in a canonical form.
type Digest struct {
	Label Label
	Sum   Sum
}

// ErrText says that a text is no digest, or one of a form that this version does not know.
var ErrText = errors.New("not a digest")

// Of returns the digest of what is already in the form that label names.
func Of(label Label, canonical []byte) Digest { return Digest{label, sha256.Sum256(canonical)} }

// IsZero tells a digest of nothing, which no record has.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns the text of d: its label, a colon, and the sum in 64 small hexadecimal digits.
func (d Digest) String() string { return string(d.Label) + ":" + hex.EncodeToString(d.Sum[:]) }

// Parse reads what String wrote. Every digest has one text: capital digits, blanks and labels that are not
// known are refused with ErrText.
func Parse(text string) (Digest, error) {
	label, digits, ok := strings.Cut(text, ":")
	if !ok || !Label(label).Known() {
		return Digest{}, fmt.Errorf("%w: no label that is known", ErrText)
	}
	sum, err := parseSum(digits)
	if err != nil {
		return Digest{}, err
	}
	return Digest{Label(label), sum}, nil
}

// parseSum reads 64 small hexadecimal digits.
func parseSum(digits string) (Sum, error) {
	var sum Sum
	if len(digits) != hex.EncodedLen(len(sum)) || strings.ContainsAny(digits, "ABCDEF") {
		return Sum{}, fmt.Errorf("%w: the sum is not %d small hexadecimal digits", ErrText, hex.EncodedLen(len(sum)))
	}
	if _, err := hex.Decode(sum[:], []byte(digits)); err != nil {
		return Sum{}, fmt.Errorf("%w: the sum is not hexadecimal", ErrText)
	}
	return sum, nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(text []byte) (err error) {
	*d, err = Parse(string(text))
	return err
}
