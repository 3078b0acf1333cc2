package evidence

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/tlog"
)

// Trust is what the reader of a bundle believed before it came. At least one of Key and Policy is there.
type Trust struct {
	Key    string       // public key of the journal, as tlog.ParseKey reads it
	Policy *tlog.Policy // logs, witnesses, and how many of these must have signed
	Within tlog.Window  // in which they must have signed; only with a Policy

	// Stamp checks a time stamp whole, which must be of the imprint. Nil: it is looked at what the stamp is of, and not whose it is.
	Stamp func(s Stamp, imprint [sha256.Size]byte) (Stamped, error)
	// Stamped says that every record must have been stamped by an authority that is trusted; only with Stamp.
	Stamped bool
}

// Outcome is how a check ended.
type Outcome string

// The outcomes. Only Holds and Unasked let a bundle pass.
const (
	Holds   Outcome = "holds"
	Fails   Outcome = "FAILS"
	House   Outcome = "house only" // the hospital says so, and nothing shows it
	Unasked Outcome = "not asked"  // nothing was given to check it with
)

// Check is one thing that was looked at.
type Check struct {
	Name    string // such as "record 001: its place in the journal"
	Outcome Outcome
	Says    string // what was found. It quotes no record.
}

// Report is what Verify found. Checks stand in the order in which they were done; behind one of the bundle as a whole that fails none is done.
type Report struct {
	Manifest *Manifest // nil when it could not be read
	Checks   []Check
}

// Holds tells whether everything that was checked holds.
func (r *Report) Holds() bool { return len(r.Checks) > 0 && r.only(Holds, Unasked) }

// OnlyHouse tells whether all that is missing is a proof for records of which only the house says that they were sealed.
func (r *Report) OnlyHouse() bool { return len(r.Checks) > 0 && r.only(Holds, Unasked, House) }

func (r *Report) only(good ...Outcome) bool {
	return !slices.ContainsFunc(r.Checks, func(c Check) bool { return !slices.Contains(good, c.Outcome) })
}

func (r *Report) say(o Outcome, name, format string, args ...any) {
	r.Checks = append(r.Checks, Check{name, o, fmt.Sprintf(format, args...)})
}

// settle notes how a check ended and tells whether it holds.
func (r *Report) settle(name string, err error, format string, args ...any) bool {
	if err != nil {
		r.say(Fails, name, "%s", reason(err))
		return false
	}
	r.say(Holds, name, format, args...)
	return true
}

// reason is an error without the words that all of ours begin with.
func reason(err error) string {
	text := err.Error()
	for _, e := range []error{ErrEvidence, tlog.ErrProof, tlog.ErrKey, tlog.ErrPolicy} {
		text = strings.TrimPrefix(text, e.Error()+": ")
	}
	return text
}

// Verify checks a bundle with nothing but what its reader trusts. The error says that it does not hold, and the Report why. The Report has
// what was found in either case.
func Verify(bundle []byte, trust Trust) (Report, error) {
	v := &verifier{trust: trust}
	v.bundle(bundle)
	if !v.Holds() {
		return v.Report, fmt.Errorf("%w: not all checks hold", ErrEvidence)
	}
	return v.Report, nil
}

type verifier struct {
	Report
	trust Trust
	files []file // in the order of their names
	read  map[string]bool
}

func (v *verifier) bundle(b []byte) {
	var err error
	if v.files, err = unpack(b); !v.settle("the file", err, "it is a bundle, and nothing is hidden in it or behind it") {
		return
	}
	v.read = map[string]bool{"manifest.json": true, "manifest.note": true}
	manifest := v.file("manifest.json")
	m, err := ParseManifest(manifest)
	if !v.settle("the list of contents", err, "it can be read, and in one way only") {
		return
	}
	v.Manifest = m
	key, err := v.key(m)
	if !v.settle("the journal's key", err, "the one that you trust: %s", key.Name) {
		return
	}
	if !v.settle("the signature of the list", signed(v.file("manifest.note"), manifest, key), "by that key") {
		return
	}
	if !v.settle("the files", v.listed(), "%d, each as it is listed, and none besides", len(m.Files)) {
		return
	}
	policy, err := v.policy()
	if !v.settle("the witnesses' keys in the bundle", err, "%s", v.compared(policy)) {
		return
	}
	for i := range m.Objects {
		v.object(&m.Objects[i])
	}
	v.custody(m)
	err = nil
	if string(v.file("statement.txt")) != Statement(m, policy, stamped(v.files)) {
		err = errors.New("it does not say what follows from the bundle")
	}
	v.settle("the statement in plain words", err, "it says what follows from the bundle")
	err = nil
	if len(v.read) != len(v.files) {
		err = errors.New("there are files that belong to no record")
	}
	v.settle("nothing is left over", err, "each file belongs to something that was checked")
}

// file returns the content of a file, nil when there is none, and notes that it was read.
func (v *verifier) file(name string) []byte {
	i, found := slices.BinarySearchFunc(v.files, name, func(f file, name string) int { return strings.Compare(f.name, name) })
	if !found {
		return nil
	}
	v.read[name] = true
	return v.files[i].data
}

// key returns the key of the journal, which must be one that is trusted.
func (v *verifier) key(m *Manifest) (tlog.Key, error) {
	k, err := tlog.ParseKey(m.Journal)
	if err != nil {
		return tlog.Key{}, err
	}
	if v.trust.Key == "" && v.trust.Policy == nil {
		return tlog.Key{}, fmt.Errorf("%w: nothing was given to trust", ErrEvidence)
	}
	if v.trust.Key != "" && v.trust.Key != m.Journal {
		return tlog.Key{}, fmt.Errorf("%w: the bundle is of a journal with another key than the one that you trust", ErrEvidence)
	}
	if p := v.trust.Policy; p != nil && !slices.ContainsFunc(p.Logs, func(l tlog.Log) bool { return slices.Contains(l.Keys, k) }) {
		return tlog.Key{}, fmt.Errorf("%w: the bundle is of a journal that your policy does not know", ErrEvidence)
	}
	if string(v.file("keys")) != m.Journal+"\n" {
		return tlog.Key{}, fmt.Errorf("%w: keys is not the key in the list", ErrEvidence)
	}
	return k, nil
}

// signed checks manifest.note, which has one signature and one form.
func signed(text, manifest []byte, k tlog.Key) error {
	n, err := tlog.ParseNote(text)
	if err != nil {
		return err
	}
	if !bytes.Equal(n.Text, Vouch(k.Name, manifest)) || !bytes.Equal(n.Bytes(), text) {
		return fmt.Errorf("%w: what is signed is not this list", ErrEvidence)
	}
	if len(n.Signatures) != 1 {
		return fmt.Errorf("%w: there are %d signatures, not one", ErrEvidence, len(n.Signatures))
	}
	if _, ok := k.Verify(n.Text, n.Signatures[0]); !ok {
		return fmt.Errorf("%w: the signature is not of that key", ErrEvidence)
	}
	return nil
}

// listed checks that the files are those of the manifest.
func (v *verifier) listed() error {
	rest := slices.DeleteFunc(slices.Clone(v.files), func(f file) bool { return f.name == "manifest.json" || f.name == "manifest.note" })
	for i, f := range v.Manifest.Files {
		switch {
		case i >= len(rest) || rest[i].name != f.Name:
			return fmt.Errorf("%w: file %d of the list is missing, or another is there that is not listed", ErrEvidence, i+1)
		case len(rest[i].data) != f.Size || digest(rest[i].data) != f.SHA256:
			return fmt.Errorf("%w: %s was changed", ErrEvidence, f.Name)
		}
	}
	if len(rest) != len(v.Manifest.Files) {
		return fmt.Errorf("%w: there are files that are not listed", ErrEvidence)
	}
	return nil
}

// policy returns the policy that the bundle carries, nil when it has none.
func (v *verifier) policy() (*tlog.Policy, error) {
	text := v.file("policy")
	if text == nil {
		return nil, nil
	}
	p, err := tlog.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func (v *verifier) compared(p *tlog.Policy) string {
	switch {
	case p == nil && v.trust.Policy == nil:
		return "there are none"
	case p == nil:
		return "there are none; yours are used"
	case v.trust.Policy == nil:
		return "there are some, which you did not ask for; they are not believed"
	case bytes.Equal(p.Bytes(), v.trust.Policy.Bytes()):
		return "the same as yours"
	}
	return "others than yours; yours are used"
}

// object checks one record.
func (v *verifier) object(o *Object) {
	name := "record " + o.Name + ": "
	line, leafText := v.file("objects/"+o.Name+".line"), v.file("leaves/"+o.Name+".json")
	var err error
	if digest(line) != o.SHA256 {
		err = fmt.Errorf("%w: it is not the one in the list", ErrEvidence)
	}
	if !v.settle(name+"the record itself", err, "as it is listed") {
		return
	}
	if text, how := message(line); how != "" || o.Message != "" {
		if got := v.file("objects/" + o.Name + ".message"); how != o.Message || !bytes.Equal(got, text) {
			err = fmt.Errorf("%w: it is not the one that the record holds", ErrEvidence)
		}
		v.settle(name+"the message in it", err, "the one that the record holds")
	}
	l, err := parseLeaf(leafText)
	if !v.settle(name+"the leaf of its entry", err, "it can be read, and in one way only") {
		return
	}
	v.opening(name+"it is line "+fmt.Sprint(o.Line+1)+" of its entry", o, line, l)
	v.proof(name, o, leafText, l)
	v.stamp(name, o, leafText)
}

// opening checks that the line is the one that its entry seals.
func (v *verifier) opening(name string, o *Object, line []byte, l *leaf) {
	if o.Shown == ByHouseOnly && !l.opens {
		v.say(House, name, "the entry is older than the way to show single records: the hospital says so, and signed that it does")
		return
	}
	var opening Opening
	var err error
	switch {
	case o.Shown != ByOpening:
		err = fmt.Errorf("%w: the entry can show it, and the bundle does not", ErrEvidence)
	case !l.opens:
		err = fmt.Errorf("%w: the entry has no root of lines", ErrEvidence)
	default:
		opening, err = ParseOpening(v.file("openings/" + o.Name + ".txt"))
	}
	if err == nil && opening.Line != o.Line {
		err = fmt.Errorf("%w: the opening is of another line", ErrEvidence)
	}
	if err == nil {
		err = opening.Verify(line, l.Count, l.root)
	}
	v.settle(name, err, "of %d: it leads to the root in the leaf", l.Count)
}

// proof checks that the leaf stands in the journal, and who signed that.
func (v *verifier) proof(name string, o *Object, leafText []byte, l *leaf) {
	text := v.file("proofs/" + o.Name + ".tlog-proof")
	p, point, err := v.stands(text, o, leafText)
	if !v.settle(name+"its entry stands in the journal", err, "number %d of %d; the journal says that it was received %s", o.Entry, point.Size, day(l.received)) {
		return
	}
	if v.trust.Policy == nil {
		v.say(Unasked, name+"who else signed the journal then", "you trust the journal's own key alone")
		return
	}
	c, err := p.VerifyPolicy(leafText, *v.trust.Policy, v.trust.Within)
	var who []string
	for _, s := range c.Cosignatures {
		who = append(who, s.Witness+" on "+day(s.Time))
	}
	if err == nil && len(who) == 0 {
		v.say(Unasked, name+"who else signed the journal then", "your policy asks for no witness")
		return
	}
	v.settle(name+"who else signed the journal then", err, "%s", strings.Join(who, ", "))
}

// stands checks a proof that the leaf of a record's entry stands in the journal, and returns the checkpoint that says so.
func (v *verifier) stands(text []byte, o *Object, leafText []byte) (tlog.Proof, tlog.Checkpoint, error) {
	p, err := tlog.Parse(text)
	if err == nil && (p.Index != o.Entry || len(p.Extra) > 0 || !bytes.Equal(p.Bytes(), text)) {
		err = fmt.Errorf("%w: the proof is of another entry, or not in its one form", ErrEvidence)
	}
	if err != nil {
		return tlog.Proof{}, tlog.Checkpoint{}, err
	}
	point, err := p.Verify(leafText, v.Manifest.Journal)
	return p, point, err
}

// custody checks that what is said of the export is said once.
func (v *verifier) custody(m *Manifest) {
	var c Custody
	err := parseCanonical(v.file("custody.json"), &c)
	if err == nil && (c.Exported != m.Exported || c.Exporter != m.Exporter || c.Reason != m.Reason) {
		err = fmt.Errorf("%w: it is of another export", ErrEvidence)
	}
	v.settle("the chain of custody", err, "exported %s; the hospital says that this is line %d of entry %d of its journal", day(m.Exported), c.Act.Line+1, c.Act.Entry)
}
