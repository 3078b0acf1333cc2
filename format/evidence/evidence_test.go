package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/tlog"
)

func TestABundleHolds(t *testing.T) {
	h := newHouse(t, false, "north", "south")
	r, err := evidence.Verify(h.bundle(t, 1, 2), h.trust())
	if err != nil {
		t.Error(err)
	}
	var got []string
	for _, c := range r.Checks {
		got = append(got, string(c.Outcome)+": "+c.Name)
	}
	want := []string{
		"holds: the file", "holds: the list of contents", "holds: the journal's key", "holds: the signature of the list", "holds: the files", "holds: the witnesses' keys in the bundle",
		"holds: record 001: the record itself", "holds: record 001: the message in it", "holds: record 001: the leaf of its entry", "holds: record 001: it is line 2 of its entry",
		"holds: record 001: its entry stands in the journal", "holds: record 001: who else signed the journal then",
		"holds: record 002: the record itself", "holds: record 002: the message in it", "holds: record 002: the leaf of its entry", "holds: record 002: it is line 3 of its entry",
		"holds: record 002: its entry stands in the journal", "holds: record 002: who else signed the journal then",
		"holds: the chain of custody", "holds: the statement in plain words", "holds: nothing is left over",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(r.Checks[11].Says, "north on 2026-11-26 12:00:00 UTC, south on 2026-11-26 12:00:00 UTC"); diff != "" {
		t.Error(diff)
	}
}

// TestOthersStaySecret: what is not shown does not stand in the bundle, nor what it is hashed behind.
func TestOthersStaySecret(t *testing.T) {
	h := newHouse(t, false)
	b := h.bundle(t, 0)
	salt := evidence.SaltOf(h.seed, 1)
	for name, secret := range map[string][]byte{"another line": h.lines[1], "the seed": h.seed[:], "the salt of another line": salt[:]} {
		if bytes.Contains(b, secret) {
			t.Errorf("%s stands in the bundle", name)
		}
	}
}

// TestEveryFlippedBit changes one bit after the other of a whole bundle, and of each file in a bundle that is packed anew.
func TestEveryFlippedBit(t *testing.T) {
	h := newHouse(t, false, "north", "south")
	whole := h.bundle(t, 1)
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		if _, err := evidence.Verify(b, h.trust()); !errors.Is(err, evidence.ErrEvidence) {
			t.Errorf("byte %d of the bundle may be changed: %v", i, err)
		}
	}
	files, err := evidence.Files(whole)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		for i := range files[name] {
			data := bytes.Clone(files[name])
			data[i] ^= 1 << (i % 8)
			if _, err := evidence.Verify(evidence.Pack(evidence.With(files, name, data), names...), h.trust()); !errors.Is(err, evidence.ErrEvidence) {
				t.Errorf("byte %d of %s may be changed: %v", i, name, err)
			}
		}
	}
}

// TestChangedAndSignedAnew: the house changes a file, lists and signs it anew. What follows by arithmetic still does not hold.
func TestChangedAndSignedAnew(t *testing.T) {
	h := newHouse(t, false, "north")
	files, err := evidence.Files(h.bundle(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	forge := func(change func(map[string][]byte, *evidence.Manifest)) []byte { return h.forge(t, files, change) }
	replace := func(name, old, with string) func(map[string][]byte, *evidence.Manifest) {
		return func(f map[string][]byte, _ *evidence.Manifest) {
			if !bytes.Contains(f[name], []byte(old)) {
				t.Fatalf("%s has no such text", name)
			}
			f[name] = bytes.Replace(f[name], []byte(old), []byte(with), 1)
		}
	}
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	for name, change := range map[string]func(map[string][]byte, *evidence.Manifest){
		"the record": func(f map[string][]byte, m *evidence.Manifest) {
			replace("objects/001.line", "4711", "4712")(f, m)
			replace("objects/001.message", "4711", "4712")(f, m)
			m.Objects[0].SHA256 = sum(f["objects/001.line"])
		},
		"the record, not its digest": func(f map[string][]byte, m *evidence.Manifest) {
			replace("objects/001.line", "4711", "4712")(f, m)
			replace("objects/001.message", "4711", "4712")(f, m)
		},
		"the message": replace("objects/001.message", "4711", "4712"),
		"no message": func(f map[string][]byte, m *evidence.Manifest) {
			delete(f, "objects/001.message")
			m.Objects[0].Message = ""
		},
		"the salt":          replace("openings/001.txt", "salt ", "salt A"),
		"the line's number": func(_ map[string][]byte, m *evidence.Manifest) { m.Objects[0].Line = 0 },
		"the number in both": func(f map[string][]byte, m *evidence.Manifest) {
			replace("openings/001.txt", "line 1", "line 0")(f, m)
			m.Objects[0].Line = 0
		},
		"the count":        replace("openings/001.txt", "of 3", "of 4"),
		"the entry":        func(_ map[string][]byte, m *evidence.Manifest) { m.Objects[0].Entry = 0 },
		"the leaf":         replace("leaves/001.json", "11:59:00", "11:58:00"),
		"the leaf's names": replace("leaves/001.json", `"count"`, `"COUNT"`),
		"the proof":        replace("proofs/001.tlog-proof", "index 1", "index 2"),
		"the house says so": func(f map[string][]byte, m *evidence.Manifest) {
			m.Objects[0].Shown = evidence.ByHouseOnly
			delete(f, "openings/001.txt")
			f["statement.txt"] = []byte(evidence.Statement(m, h.policy, 0))
		},
		"the statement":              replace("statement.txt", "not whether the sender told the truth", "and that the sender told the truth"),
		"the chain of custody":       replace("custody.json", "inquiry 621", "inquiry 622"),
		"the keys":                   replace("keys", "journal.st", "journal.sz"),
		"the policy, unread":         replace("policy", "quorum peers", "quorum crowd"),
		"no policy":                  func(f map[string][]byte, _ *evidence.Manifest) { delete(f, "policy") },
		"a stowaway":                 func(f map[string][]byte, _ *evidence.Manifest) { f["readme"] = []byte("all is well") },
		"a reason of two lines":      func(_ map[string][]byte, m *evidence.Manifest) { m.Reason = "a\nb" },
		"something beside the proof": replace("proofs/001.tlog-proof", "index 1", "extra QUFB\nindex 1"),
		"the digest of the record":   func(_ map[string][]byte, m *evidence.Manifest) { m.Objects[0].SHA256 = sum([]byte("another")) },
		"another version":            func(_ map[string][]byte, m *evidence.Manifest) { m.Version = 2 },
		"another journal": func(f map[string][]byte, m *evidence.Manifest) {
			m.Journal = signer(t, "journal.other.example", tlog.Ed25519).Key().String()
			f["keys"] = []byte(m.Journal + "\n")
		},
	} {
		if r, err := evidence.Verify(forge(change), h.trust()); !errors.Is(err, evidence.ErrEvidence) || r.OnlyHouse() {
			t.Errorf("%s may be changed by who has the key", name)
		}
	}
	if _, err := evidence.Verify(forge(func(map[string][]byte, *evidence.Manifest) {}), h.trust()); err != nil {
		t.Errorf("the forger itself spoils what it does not change: %v", err)
	}
}

func TestZipTricks(t *testing.T) {
	h := newHouse(t, false)
	good := h.bundle(t, 0)
	files, err := evidence.Files(good)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(files))
	var deflated bytes.Buffer
	w := zip.NewWriter(&deflated)
	for _, n := range names {
		f, err := w.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write(files[n])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	commented := append(bytes.Clone(good[:len(good)-2]), 3, 0, 'a', 'l', 'l')
	for name, b := range map[string][]byte{
		"nothing": nil, "the end alone": good[len(good)-22:], "behind the end": append(bytes.Clone(good), 0), "in front": append([]byte{0}, good...),
		"cut off": good[:len(good)-1], "twice": append(bytes.Clone(good), good...), "a comment": commented, "compressed": deflated.Bytes(),
		"out of order": evidence.Pack(files, backward(names)...), "a name twice": evidence.Pack(files, append(slices.Clone(names), names[len(names)-1])...),
		"a file missing": evidence.Pack(files, names[1:]...), "a file more": evidence.Pack(evidence.With(files, "zzz", []byte("x")), append(slices.Clone(names), "zzz")...),
		"out of the folder": evidence.Pack(evidence.With(files, "zz/../../x", nil), append(slices.Clone(names), "zz/../../x")...),
	} {
		if _, err := evidence.Verify(b, h.trust()); !errors.Is(err, evidence.ErrEvidence) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := evidence.Files(b); err == nil && !strings.HasPrefix(name, "a file ") && name != "nothing" { // it is not left to the manifest
			t.Errorf("%s: it can be taken apart", name)
		}
	}
}

// TestALeafIsReadInOneWay: what a house wrote in two ways could be shown to two readers as two things.
func TestALeafIsReadInOneWay(t *testing.T) {
	good := string(newHouse(t, false).leaf)
	if err := evidence.ReadLeaf([]byte(good)); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"nothing": "", "blanks": good + " ", "capitals": strings.Replace(good, `"lines"`, `"LINES"`, 1), "twice": strings.Replace(good, `"count":3`, `"count":4,"count":3`, 1),
		"something else": strings.Replace(good, `"count":3`, `"count":3,"more":1`, 1), "no lines": strings.Replace(good, `"count":3`, `"count":0`, 1),
		"a root in capitals": strings.ToUpper(good), "no time": strings.Replace(good, "2026-11-26T11:59:00Z", "yesterday", 1), "a short root": strings.Replace(good, `"lines":"`, `"lines":"00`, 1),
	} {
		if err := evidence.ReadLeaf([]byte(text)); !errors.Is(err, evidence.ErrEvidence) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAManifestHasOneForm(t *testing.T) {
	files, err := evidence.Files(newHouse(t, false).bundle(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	good := string(files["manifest.json"])
	m, err := evidence.ParseManifest([]byte(good))
	if err != nil || string(m.Bytes()) != good {
		t.Error("it does not come back", err)
	}
	for name, text := range map[string]string{
		"a blank": good + " ", "a line end": good + "\n", "twice": strings.Replace(good, `"version":1`, `"version":2,"version":1`, 1), "unknown": strings.Replace(good, `"version":1`, `"more":1,"version":1`, 1),
		"capitals": strings.Replace(good, `"version"`, `"VERSION"`, 1), "a fraction": strings.Replace(good, `"version":1`, `"version":1.0`, 1), "escaped": strings.Replace(good, "laboratory", `l\u0061boratory`, 1),
		"another time zone": strings.Replace(good, "13:00:00Z", "14:00:00+01:00", 1), "parts of a second": strings.Replace(good, "13:00:00Z", "13:00:00.5Z", 1),
		"behind it": good + "{}",
	} {
		if _, err := evidence.ParseManifest([]byte(text)); text == good || !errors.Is(err, evidence.ErrEvidence) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOneSignatureOnly: a stranger's signature below that of the journal would be a place to hide something in.
func TestOneSignatureOnly(t *testing.T) {
	h := newHouse(t, false)
	files, err := evidence.Files(h.bundle(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	n, err := tlog.ParseNote(files["manifest.note"])
	if err != nil {
		t.Fatal(err)
	}
	n.Signatures = append(n.Signatures, tlog.Signature{Name: "stranger", ID: 1, Bytes: []byte("whatever")})
	b := evidence.Pack(evidence.With(files, "manifest.note", n.Bytes()), slices.Sorted(maps.Keys(files))...)
	if _, err := evidence.Verify(b, h.trust()); !errors.Is(err, evidence.ErrEvidence) {
		t.Error(err)
	}
}

// TestOthersReadTheZip holds what we write to the library that everybody has.
func TestOthersReadTheZip(t *testing.T) {
	h := newHouse(t, false, "north")
	b := h.bundle(t, 0, 1, 2)
	ours, err := evidence.Files(b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	theirs := map[string][]byte{}
	for _, f := range r.File {
		open, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if theirs[f.Name], err = io.ReadAll(open); err != nil {
			t.Error(f.Name, err)
		}
		if f.Mode() != 0o600 {
			t.Error(f.Name, f.Mode())
		}
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Error(diff)
	}
}

func TestTrust(t *testing.T) {
	h := newHouse(t, false, "north", "south")
	b := h.bundle(t, 0)
	three := *h.policy
	three.Witnesses = append(slices.Clone(three.Witnesses), tlog.Witness{Name: "state", Key: signer(t, "state", tlog.CosignatureV1).Key()})
	three.Groups = []tlog.Group{{Name: "peers", Need: 3, Members: []string{"north", "south", "state"}}}
	two := three
	two.Groups = []tlog.Group{{Name: "peers", Need: 2, Members: []string{"north", "south", "state"}}}
	strangers := *h.policy
	strangers.Logs = []tlog.Log{{Origin: "journal.other.example", Keys: []tlog.Key{signer(t, "journal.other.example", tlog.Ed25519).Key()}}}
	key := h.signer.Key().String()
	for name, c := range map[string]struct {
		trust evidence.Trust
		holds bool
	}{
		"nothing":              {evidence.Trust{}, false},
		"the key alone":        {evidence.Trust{Key: key}, true},
		"the policy alone":     {evidence.Trust{Policy: h.policy}, true},
		"another key":          {evidence.Trust{Key: signer(t, "journal.other.example", tlog.Ed25519).Key().String()}, false},
		"another key, policy":  {evidence.Trust{Key: signer(t, "journal.other.example", tlog.Ed25519).Key().String(), Policy: h.policy}, false},
		"two of three":         {evidence.Trust{Policy: &two}, true},
		"three of three":       {evidence.Trust{Policy: &three}, false},
		"of another log":       {evidence.Trust{Key: key, Policy: &strangers}, false},
		"signed too late":      {evidence.Trust{Policy: h.policy, Within: tlog.Window{To: noon.Add(-time.Second)}}, false},
		"signed just in time":  {evidence.Trust{Policy: h.policy, Within: tlog.Window{To: noon}}, true},
		"the key is no key":    {evidence.Trust{Key: "none"}, false},
		"the key of a witness": {evidence.Trust{Key: signer(t, "north", tlog.CosignatureV1).Key().String()}, false},
	} {
		if r, err := evidence.Verify(b, c.trust); (err == nil) != c.holds || r.Holds() != c.holds {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := evidence.Verify(b, evidence.Trust{Key: key})
	if i := slices.IndexFunc(r.Checks, func(c evidence.Check) bool { return c.Outcome == evidence.Unasked }); err != nil || i < 0 {
		t.Error("it is not told that nobody was asked about the witnesses", err)
	}
}

// TestAnOldEntryIsNotProven: an entry of before there were roots of lines proves nothing about one of its lines, and the bundle
// says so and does not pass.
func TestAnOldEntryIsNotProven(t *testing.T) {
	h := newHouse(t, true)
	b := h.bundle(t, 0)
	r, err := evidence.Verify(b, h.trust())
	if !errors.Is(err, evidence.ErrEvidence) || r.Holds() || !r.OnlyHouse() {
		t.Error(err, r)
	}
	files, err := evidence.Files(b)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(files["statement.txt"]), "ONLY THE HOSPITAL SAYS") {
		t.Error("the statement does not say so")
	}
}

// TestNothingIsWrittenThatDoesNotHold: a mistake of the house is found before the bundle leaves it.
func TestNothingIsWrittenThatDoesNotHold(t *testing.T) {
	h := newHouse(t, false, "north")
	for name, spoil := range map[string]func(*evidence.Export){
		"another line":  func(x *evidence.Export) { x.Items[0].Line = h.lines[1] },
		"another place": func(x *evidence.Export) { x.Items[0].Place.Entry = 2 },
		"no witness": func(x *evidence.Export) {
			x.Policy.Groups[0].Need = 1
			x.Policy.Witnesses[0].Key = signer(t, "south", tlog.CosignatureV1).Key()
		},
		"no reason":      func(x *evidence.Export) { x.Reason = " " },
		"no items":       func(x *evidence.Export) { x.Items = nil },
		"too many items": func(x *evidence.Export) { x.Items = slices.Repeat(x.Items, evidence.MaxObjects+1) },
		"signed by none": func(x *evidence.Export) { x.Sign = func([]byte) ([]byte, error) { return nil, nil } },
		"no signature":   func(x *evidence.Export) { x.Sign = func([]byte) ([]byte, error) { return nil, io.ErrUnexpectedEOF } },
	} {
		x := newHouse(t, false, "north").export(t, 0)
		spoil(&x)
		var b bytes.Buffer
		if err := evidence.Write(&b, x); err == nil || b.Len() > 0 || strings.Contains(err.Error(), "DOE") {
			t.Errorf("%s: %d bytes, %v", name, b.Len(), err)
		}
	}
}

func TestStatement(t *testing.T) {
	h := newHouse(t, false, "north")
	files, err := evidence.Files(h.bundle(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(files["statement.txt"]), statement); diff != "" {
		t.Error(diff)
	}
	files, err = evidence.Files(newHouse(t, false).bundle(t, 0))
	if err != nil || !strings.Contains(string(files["statement.txt"]), "NO OTHER HOUSE DID") {
		t.Error("without witnesses it does not say so", err)
	}
}

func FuzzVerify(f *testing.F) {
	h := newHouse(f, false, "north")
	good := h.bundle(f, 1)
	f.Add(good)
	f.Add(newHouse(f, true).bundle(f, 0))
	f.Add(good[:len(good)/2])
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := evidence.Verify(b, h.trust())
		if (err == nil) != r.Holds() {
			t.Fatal("report and error do not agree")
		}
		if err == nil && !bytes.Equal(b, good) {
			t.Fatal("another bundle holds")
		}
		if files, err := evidence.Files(b); err == nil && !bytes.Equal(evidence.Pack(files, slices.Sorted(maps.Keys(files))...), b) {
			t.Fatal("it is packed otherwise")
		}
	})
}
