package evidence

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/wardline/wardline/format/tlog"
)

// Item is a line that is to be shown.
type Item struct {
	Place   Place
	Line    []byte
	Opening *Opening // nil when its entry has no root of lines
	Proof   tlog.Proof
	Stamp   *Stamp // nil when no authority stamped the journal since
}

// Export is what a bundle is made of.
type Export struct {
	About    string // one plain sentence, without names of patients
	Exporter string
	Reason   string
	Software string
	At       time.Time
	Act      Place // where it stands in the journal that this is exported
	Journal  string
	Policy   *tlog.Policy // that the proofs meet; nil when no witness signed
	Items    []Item

	// Stamp checks the time stamps before the bundle is handed out, as Trust.Stamp does; nil leaves it to others.
	Stamp func(s Stamp, imprint [sha256.Size]byte) (Stamped, error)
	// Sign signs the manifest: see Vouch.
	Sign func(manifest []byte) (note []byte, err error)
}

// Write writes a bundle. The leaf of an item is the Extra of its proof. What is written was verified as a stranger would, with the
// journal's key and the policy: a bundle that does not hold is never handed out.
func Write(w io.Writer, x Export) error {
	b, err := x.bundle()
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	if r, err := Verify(b, Trust{Key: x.Journal, Policy: x.Policy, Stamp: x.Stamp}); err != nil && !r.OnlyHouse() {
		return fmt.Errorf("write evidence: it does not hold: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return nil
}

func (x *Export) bundle() ([]byte, error) {
	m := Manifest{About: x.About, Exported: second(x.At), Exporter: x.Exporter, Journal: x.Journal, Reason: x.Reason, Software: x.Software, Version: version, Files: []File{}}
	var files []file
	add := func(name string, data []byte) { files = append(files, file{name, data}) }
	if len(x.Items) > MaxObjects {
		return nil, fmt.Errorf("%w: a bundle shows at most %d lines, not %d", ErrEvidence, MaxObjects, len(x.Items))
	}
	size := 0
	for i := range x.Items {
		item := &x.Items[i]
		name := objectName(i)
		o := Object{Canonical: AsSealed, Entry: item.Place.Entry, Line: item.Place.Line, Name: name, SHA256: digest(item.Line), Shown: ByHouseOnly}
		text, how := message(item.Line)
		if o.Message = how; how != "" {
			add("objects/"+name+".message", text)
		}
		add("objects/"+name+".line", item.Line)
		if item.Opening != nil {
			o.Shown = ByOpening
			add("openings/"+name+".txt", item.Opening.Bytes())
		}
		add("leaves/"+name+".json", item.Proof.Extra)
		proof := item.Proof
		proof.Extra = nil // it is beside it
		add("proofs/"+name+".tlog-proof", proof.Bytes())
		if item.Stamp != nil {
			files = append(files, item.Stamp.files(name)...)
		}
		m.Objects = append(m.Objects, o)
		if size += len(item.Line) + len(text); size > MaxBundle/2 {
			return nil, fmt.Errorf("%w: the lines have more than %d bytes", ErrEvidence, MaxBundle/2)
		}
	}
	if x.Policy != nil {
		add("policy", x.Policy.Bytes())
	}
	add("keys", []byte(x.Journal+"\n"))
	add("custody.json", canonical(Custody{x.Act, m.Exported, m.Exporter, m.Reason}))
	add("statement.txt", []byte(Statement(&m, x.Policy, stamped(files))))
	return x.sealed(&m, files)
}

// sealed lists the files in the manifest, has it signed, and packs all of it.
func (x *Export) sealed(m *Manifest, files []file) ([]byte, error) {
	byName := func(a, b file) int { return cmp.Compare(a.name, b.name) }
	slices.SortFunc(files, byName)
	for _, f := range files {
		m.Files = append(m.Files, File{f.name, digest(f.data), len(f.data)})
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	manifest := m.Bytes()
	note, err := x.Sign(manifest)
	if err != nil {
		return nil, err
	}
	files = append(files, file{"manifest.json", manifest}, file{"manifest.note", note})
	slices.SortFunc(files, byName)
	return pack(files), nil
}
