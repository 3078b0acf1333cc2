package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/rfc3161/rfc3161test"
	"github.com/wardline/wardline/format/tlog"
)

// stampedBundle shows two lines, the first of which has a stamp.
func stampedBundle(t *testing.T) (*house, []byte) {
	t.Helper()
	h := newHouse(t, false, "north")
	x := h.export(t, 1, 2)
	x.Items[0].Stamp = h.stamped(t, rfc3161test.New(t))
	var b bytes.Buffer
	if err := evidence.Write(&b, x); err != nil {
		t.Fatal(err)
	}
	return h, b.Bytes()
}

// says is what the check of the first record's stamp came to.
func says(r *evidence.Report) (evidence.Outcome, string) {
	i := slices.IndexFunc(r.Checks, func(c evidence.Check) bool { return c.Name == "record 001: when an authority stamped the journal" })
	if i < 0 {
		return "", ""
	}
	return r.Checks[i].Outcome, r.Checks[i].Says
}

// TestAStampIsShown: without somebody who checks it whole, it is told what it says and that nobody looked whose it is. With one, what that found.
func TestAStampIsShown(t *testing.T) {
	h, b := stampedBundle(t)
	r, err := evidence.Verify(b, h.trust())
	if outcome, text := says(&r); err != nil || outcome != evidence.Unasked || !strings.Contains(text, "step 7") || !strings.Contains(text, time.Now().UTC().Format("on 2006-01-02 ")) {
		t.Error(err, outcome, text)
	}
	files, err := evidence.Files(b)
	if err != nil {
		t.Fatal(err)
	}
	if statement := string(files["statement.txt"]); !strings.Contains(statement, "4. Of 1 record an authority of time stamps signed") {
		t.Error("the statement does not say so")
	}
	token, err := rfc3161.ParseResponse(files["stamps/001.tsr"])
	if err != nil {
		t.Fatal(err)
	}
	said := evidence.Stamped{Time: token.Time, Authority: "Invented Time", Trusted: true}
	trust := h.trust()
	trust.Stamp = func(s evidence.Stamp, imprint [sha256.Size]byte) (evidence.Stamped, error) {
		if imprint != token.Digest || !bytes.Equal(s.Request, files["stamps/001.tsq"]) || !bytes.Equal(s.Chain, files["stamps/001.pem"]) {
			t.Error("another stamp is checked")
		}
		return said, nil
	}
	for name, c := range map[string]struct {
		change func()
		want   evidence.Outcome
		text   string
		holds  bool
	}{
		"trusted":          {func() {}, evidence.Holds, "Invented Time on ", true},
		"not trusted":      {func() { said.Trusted = false }, evidence.Unasked, "not checked against an authority that you trust", true},
		"must be trusted":  {func() { said.Trusted, trust.Stamped = false, true }, evidence.Fails, "not of an authority that you trust", false},
		"another time":     {func() { said.Time = said.Time.Add(time.Millisecond) }, evidence.Fails, "two times", false},
		"a name of colour": {func() { said.Authority = "\x1b[31mred" }, evidence.Holds, "without a name that can be shown", true},
	} {
		before, beforeTrust := said, trust
		c.change()
		r, err := evidence.Verify(b, trust)
		if outcome, text := says(&r); outcome != c.want || !strings.Contains(text, c.text) || (err == nil) != c.holds {
			t.Errorf("%s: %v, %s, %s", name, err, outcome, text)
		}
		said, trust = before, beforeTrust
	}
	trust.Stamped = true // and the second record has no stamp
	r, err = evidence.Verify(b, trust)
	if last := r.Checks[len(r.Checks)-4]; err == nil || last.Outcome != evidence.Fails || last.Says != "you ask for a time stamp, and there is none" {
		t.Error(err, last)
	}
	trust.Stamp = func(evidence.Stamp, [sha256.Size]byte) (evidence.Stamped, error) {
		return evidence.Stamped{}, rfc3161.ErrStamp
	}
	if _, err := evidence.Verify(b, trust); err == nil {
		t.Error("a stamp that does not hold holds")
	}
}

// TestEveryFlippedByteOfAStamp is refused, in the bundle as it is and in one that is packed anew.
func TestEveryFlippedByteOfAStamp(t *testing.T) {
	h, b := stampedBundle(t)
	files, err := evidence.Files(b)
	if err != nil {
		t.Fatal(err)
	}
	names, tried := slices.Sorted(maps.Keys(files)), 0
	for _, name := range names {
		if !strings.HasPrefix(name, "stamps/") {
			continue
		}
		at := bytes.Index(b, files[name])
		for i := range files[name] {
			whole := bytes.Clone(b)
			whole[at+i] ^= 1 << (i % 8)
			data := bytes.Clone(files[name])
			data[i] ^= 1 << (i % 8)
			for _, changed := range [][]byte{whole, evidence.Pack(evidence.With(files, name, data), names...)} {
				tried++
				if _, err := evidence.Verify(changed, h.trust()); !errors.Is(err, evidence.ErrEvidence) {
					t.Errorf("byte %d of %s may be changed: %v", i, name, err)
				}
			}
		}
	}
	if tried < 2000 {
		t.Errorf("only %d bytes were tried", tried)
	}
}

// TestStampsSignedAnew: what the house itself may not change about stamps, without anybody who checks them whole.
func TestStampsSignedAnew(t *testing.T) {
	h, b := stampedBundle(t)
	files, err := evidence.Files(b)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, data []byte) func(map[string][]byte, *evidence.Manifest) {
		return func(f map[string][]byte, _ *evidence.Manifest) { f[name] = data }
	}
	take := func(names ...string) func(map[string][]byte, *evidence.Manifest) {
		return func(f map[string][]byte, _ *evidence.Manifest) {
			for _, n := range names {
				delete(f, n)
			}
		}
	}
	stranger := tlog.Checkpoint{Origin: h.signer.Key().Name, Size: 3, Root: tlog.HashLeaf([]byte("another past"))}
	asked, err := rfc3161.Request{Digest: evidence.Imprint(stranger), Nonce: rfc3161.NewNonce([16]byte{1})}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	cut := files["stamps/001.tsr"]
	for name, change := range map[string]func(map[string][]byte, *evidence.Manifest){
		"a stamp of another past":             put("stamps/001.tsr", rfc3161test.New(t).Answer(asked)),
		"a proof of another past":             put("stamps/001.tlog-proof", bytes.Replace(files["stamps/001.tlog-proof"], []byte("\n3\n"), []byte("\n4\n"), 1)),
		"another place":                       put("stamps/001.tlog-proof", bytes.Replace(files["stamps/001.tlog-proof"], []byte("index 1"), []byte("index 2"), 1)),
		"no proof":                            take("stamps/001.tlog-proof"),
		"no request":                          take("stamps/001.tsq"),
		"no response":                         take("stamps/001.tsr"),
		"no certificates":                     take("stamps/001.pem"),
		"no stamp, and the statement says so": take("stamps/001.tlog-proof", "stamps/001.tsq", "stamps/001.tsr", "stamps/001.pem"),
		"a response that is cut off":          put("stamps/001.tsr", cut[:len(cut)-1]),
		"more behind the response":            put("stamps/001.tsr", append(bytes.Clone(cut), 0)),
		"certificates without end":            put("stamps/001.pem", make([]byte, 64<<10+1)),
		"a stamp of nobody's record":          put("stamps/003.tsr", cut),
	} {
		if r, err := evidence.Verify(h.forge(t, files, change), h.trust()); !errors.Is(err, evidence.ErrEvidence) || r.OnlyHouse() {
			t.Errorf("%s may be changed by who has the key", name)
		}
	}
	if _, err := evidence.Verify(h.forge(t, files, func(map[string][]byte, *evidence.Manifest) {}), h.trust()); err != nil {
		t.Error(err)
	}
}

// FuzzReadStamp: where the whole reader of time stamps finds one, the short one of this package finds the same digest and time.
func FuzzReadStamp(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("..", "rfc3161", "testdata", "stamp.tsr"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:100])
	f.Fuzz(func(t *testing.T, text []byte) {
		imprint, at, err := evidence.ReadStamp(text)
		if err != nil && (imprint != nil || !at.IsZero()) {
			t.Fatal("an error leaves something behind")
		}
		token, whole := rfc3161.ParseResponse(text)
		if whole != nil {
			return
		}
		if err != nil {
			t.Skip("the short reader is stricter about what is beside the signed part")
		}
		if diff := cmp.Diff(imprint, token.Digest[:]); diff != "" || !at.Equal(token.Time) {
			t.Fatal("they read different things", diff, at, token.Time)
		}
	})
}
