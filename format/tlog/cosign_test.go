package tlog_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/format/tlog"
)

// noon is when the witnesses of the tests sign.
var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// witness makes a witness's key, the same for the same name.
func witness(tb testing.TB, name string) *tlog.Signer {
	tb.Helper()
	seed := sha256.Sum256([]byte(name))
	s, err := tlog.NewSigner(name, tlog.CosignatureV1, seed[:])
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// cosign adds a cosignature of each witness to a checkpoint.
func cosign(tb testing.TB, checkpoint []byte, at time.Time, witnesses ...*tlog.Signer) []byte {
	tb.Helper()
	n, err := tlog.ParseNote(checkpoint)
	if err != nil {
		tb.Fatal(err)
	}
	for _, w := range witnesses {
		s, err := w.Sign(n.Text, at)
		if err != nil {
			tb.Fatal(err)
		}
		n.Signatures = append(n.Signatures, s)
	}
	return n.Bytes()
}

// peers is a policy of three witnesses, of which so many must have signed.
func peers(tb testing.TB, tree *tree, need string) (tlog.Policy, []*tlog.Signer) {
	tb.Helper()
	witnesses := []*tlog.Signer{witness(tb, "north.example"), witness(tb, "south.example"), witness(tb, "west.example")}
	text := "log " + tree.publicKey + "\n"
	for i, w := range witnesses {
		text += fmt.Sprintf("witness %c %s\n", 'a'+i, w.Key())
	}
	p, err := tlog.ParsePolicy([]byte(text + "group peers " + need + " a b c\nquorum peers\n"))
	if err != nil {
		tb.Fatal(err)
	}
	return p, witnesses
}

// TestTwoOfThree is the policy that Wardline proposes: one witness may be away, and none alone can be bribed.
func TestTwoOfThree(t *testing.T) {
	tree := newTree(t, 9)
	policy, w := peers(t, tree, "2")
	bare := tree.checkpoint(t, 9)
	stranger := witness(t, "stranger.example")
	for name, test := range map[string]struct {
		text   []byte
		within tlog.Window
		want   string // who counted, empty if the checkpoint is refused
	}{
		"nobody":                 {text: bare},
		"one":                    {text: cosign(t, bare, noon, w[1])},
		"one, twice":             {text: cosign(t, cosign(t, bare, noon, w[1]), noon.Add(time.Hour), w[1])},
		"one and a stranger":     {text: cosign(t, bare, noon, w[1], stranger)},
		"two":                    {text: cosign(t, bare, noon, w[2], w[0]), want: "a c"},
		"two, the first again":   {text: cosign(t, cosign(t, cosign(t, bare, noon.Add(time.Hour), w[0]), noon, w[0]), noon, w[1]), want: "a b"},
		"three":                  {text: cosign(t, bare, noon, w...), want: "a b c"},
		"three and a stranger":   {text: cosign(t, bare, noon, append(w, stranger)...), want: "a b c"},
		"two at the bounds":      {text: cosign(t, bare, noon, w[:2]...), within: tlog.Window{From: noon, To: noon}, want: "a b"},
		"two too early":          {text: cosign(t, bare, noon, w[:2]...), within: tlog.Window{From: noon.Add(time.Second)}},
		"two too late":           {text: cosign(t, bare, noon, w[:2]...), within: tlog.Window{To: noon.Add(-time.Second)}},
		"one of two too late":    {text: cosign(t, cosign(t, bare, noon, w[0]), noon.Add(time.Hour), w[1]), within: tlog.Window{To: noon}},
		"one of three too early": {text: cosign(t, cosign(t, bare, noon.Add(-time.Hour), w[0]), noon, w[1:]...), within: tlog.Window{From: noon}, want: "b c"},
		"one again, in time":     {text: cosign(t, cosign(t, bare, noon, w[:2]...), noon.Add(time.Hour), w[0], w[1]), within: tlog.Window{From: noon.Add(time.Hour)}, want: "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := policy.Verify(test.text, test.within)
			var names []string
			for _, c := range got.Cosignatures {
				names = append(names, c.Witness)
			}
			if diff := cmp.Diff(strings.Join(names, " "), test.want); diff != "" || (err != nil) != (test.want == "") {
				t.Errorf("%v, %s", err, diff)
			}
			if err != nil && (!errors.Is(err, tlog.ErrProof) || got.Checkpoint != (tlog.Checkpoint{})) {
				t.Errorf("%v, %v", got, err)
			}
			if err == nil && got.Size != 9 {
				t.Errorf("%d leaves", got.Size)
			}
			if name == "two, the first again" && (!got.Cosignatures[0].Time.Equal(noon.Add(time.Hour)) || !got.Cosignatures[1].Time.Equal(noon)) {
				t.Errorf("not the latest: %v", got.Cosignatures)
			}
		})
	}
}

// TestNoWitnessMakesUpForTheLog: a checkpoint that witnesses signed and the log did not is nothing.
func TestNoWitnessMakesUpForTheLog(t *testing.T) {
	tree, other := newTree(t, 9), newTree(t, 9)
	policy, w := peers(t, tree, "any")
	if _, err := policy.Verify(cosign(t, other.checkpoint(t, 9), noon, w...), tlog.Window{}); !errors.Is(err, tlog.ErrProof) {
		t.Error(err)
	}
	policy.Logs[0].Origin = "another.example"
	if _, err := policy.Verify(cosign(t, tree.checkpoint(t, 9), noon, w...), tlog.Window{}); !errors.Is(err, tlog.ErrProof) {
		t.Error(err)
	}
}

// TestALogSignsForItselfAlone: its key on another log's checkpoint, and a broken signature beside a good one, are refused.
func TestALogSignsForItselfAlone(t *testing.T) {
	s, err := tlog.NewSigner("log.example", tlog.Ed25519, bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	sign := func(c tlog.Checkpoint) tlog.Note {
		signature, err := s.Sign(c.Text(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return tlog.Note{Text: c.Text(), Signatures: []tlog.Signature{signature}}
	}
	own := sign(tlog.Checkpoint{Origin: "log.example", Size: 3})
	if c, err := tlog.ParseCheckpoint(own.Bytes(), s.Key().String()); err != nil || c.Size != 3 {
		t.Errorf("%v, %v", c, err)
	}
	other := sign(tlog.Checkpoint{Origin: "other.example", Size: 3})
	if _, err := tlog.ParseCheckpoint(other.Bytes(), s.Key().String()); !errors.Is(err, tlog.ErrProof) {
		t.Errorf("another log's checkpoint: %v", err)
	}
	broken := own.Signatures[0]
	broken.Bytes = bytes.Clone(broken.Bytes)
	broken.Bytes[9] ^= 1
	for _, signatures := range [][]tlog.Signature{{own.Signatures[0], broken}, {broken, own.Signatures[0]}} {
		note := tlog.Note{Text: own.Text, Signatures: signatures}
		if _, err := tlog.ParseCheckpoint(note.Bytes(), s.Key().String()); !errors.Is(err, tlog.ErrProof) {
			t.Errorf("a broken signature beside a good one: %v", err)
		}
	}
	a, b := tlog.Checkpoint{Origin: "a", Size: 1}, tlog.Checkpoint{Origin: "b", Size: 1}
	if err := tlog.VerifyConsistency(a, b, nil); !errors.Is(err, tlog.ErrProof) {
		t.Errorf("two logs: %v", err)
	}
}

// TestCosignaturesHaveATime: one of 1970, and one of a time that Go has not, are none, even if their key made them.
func TestCosignaturesHaveATime(t *testing.T) {
	seed := bytes.Repeat([]byte{4}, 32)
	w, err := tlog.NewSigner("w.example", tlog.CosignatureV1, seed)
	if err != nil {
		t.Fatal(err)
	}
	text := tlog.Checkpoint{Origin: "log.example", Size: 3}.Text()
	for seconds, want := range map[uint64]bool{0: false, 1: true, 1<<63 - 1: true, 1 << 63: false} {
		message := append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
		signed := ed25519.Sign(ed25519.NewKeyFromSeed(seed), message)
		s := tlog.Signature{Name: "w.example", ID: w.Key().ID(), Bytes: append(binary.BigEndian.AppendUint64(nil, seconds), signed...)}
		if _, ok := w.Key().Verify(text, s); ok != want {
			t.Errorf("time %d: %t", seconds, ok)
		}
	}
}

// TestEveryFlippedBitIsNoticed changes each bit of a proof with everything in it: leaf, path, checkpoint, signature of the log,
// cosignatures of all witnesses that the policy asks for.
func TestEveryFlippedBitIsNoticed(t *testing.T) {
	tree := newTree(t, 7)
	policy, w := peers(t, tree, "all")
	p := tree.proof(t, 3)
	p.Checkpoint = cosign(t, p.Checkpoint, noon, w...)
	verify := func(text []byte) error {
		p, err := tlog.Parse(text)
		if err != nil {
			return err
		}
		_, err = p.VerifyPolicy(p.Extra, policy, tlog.Window{})
		return err
	}
	text := p.Bytes()
	if err := verify(text); err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for bit := range 8 {
			text[i] ^= 1 << bit
			if err := verify(text); !errors.Is(err, tlog.ErrProof) {
				t.Errorf("byte %d, bit %d: %v", i, bit, err)
			}
			text[i] ^= 1 << bit
		}
	}
	for i := range text {
		if err := verify(text[:i]); !errors.Is(err, tlog.ErrProof) {
			t.Errorf("the first %d bytes: %v", i, err)
		}
	}
	t.Logf("%d bits", 8*len(text))
}

// TestAnotherLibraryAgreesOnCosignatures reads ours with it, and its own with ours.
func TestAnotherLibraryAgreesOnCosignatures(t *testing.T) {
	private, public, err := note.GenerateKey(rand.Reader, "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := f_note.NewSignerForCosignatureV1(private)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := tlog.ParseSigner(private) // whose algorithm is that of logs
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{ed.Secret(), ed.Key().String()}, []string{private, public}); diff != "" {
		t.Error(diff)
	}
	secret := ed.Secret()
	seed := secretSeed(t, secret)
	ours, err := tlog.NewSigner("witness.example/w1", tlog.CosignatureV1, seed)
	if err != nil {
		t.Fatal(err)
	}
	tree := newTree(t, 5)
	text := tree.checkpoint(t, 5)
	n, err := note.Open(text, note.VerifierList(mustVerifier(t, tree.publicKey)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(n, theirs)
	if err != nil {
		t.Fatal(err)
	}
	policy := tlog.Policy{Logs: []tlog.Log{logOf(t, tree)}, Witnesses: []tlog.Witness{{Name: "w1", Key: ours.Key()}}, Quorum: "w1"}
	if _, err := policy.Verify(signed, tlog.Window{From: time.Now().Add(-time.Hour)}); err != nil {
		t.Error(err)
	}
	if _, err := note.Open(cosign(t, text, noon, ours), note.VerifierList(theirs.Verifier())); err != nil {
		t.Error(err)
	}
}

func secretSeed(t *testing.T, secret string) []byte {
	t.Helper()
	_, code, _ := strings.Cut(strings.TrimPrefix(secret, "PRIVATE+KEY+"), "+")
	_, code, _ = strings.Cut(code, "+")
	b, err := base64Bytes(code)
	if err != nil {
		t.Fatal(err)
	}
	return b[1:]
}

func mustVerifier(t *testing.T, key string) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func logOf(tb testing.TB, tree *tree) tlog.Log {
	tb.Helper()
	k, err := tlog.ParseKey(tree.publicKey)
	if err != nil {
		tb.Fatal(err)
	}
	return tlog.Log{Origin: k.Name, Keys: []tlog.Key{k}}
}

// TestTheExampleOfTheSpecification: its key is not known, but its form must be read.
func TestTheExampleOfTheSpecification(t *testing.T) {
	const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
		"— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
		"— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
	c, n, err := tlog.ReadCheckpoint([]byte(text))
	if err != nil || c.Size != 20852163 || len(n.Signatures) != 2 || n.Signatures[1].Name != "witness.example.com/w1" {
		t.Errorf("%v, %v, %v", c, n.Signatures, err)
	}
	if !bytes.Equal(n.Bytes(), []byte(text)) {
		t.Error("it is printed otherwise")
	}
}

func TestAnotherKindOfKeyChecksNotes(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.NewKey("log.example", tlog.ECDSA, der)
	if err != nil {
		t.Fatal(err)
	}
	tree := newTree(t, 3)
	_, n, err := tlog.ReadCheckpoint(tree.checkpoint(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(n.Text)
	b, err := ecdsa.SignASN1(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	n.Signatures = append(n.Signatures, tlog.Signature{Name: key.Name, ID: key.ID(), Bytes: b})
	log := tlog.Log{Origin: "log.example", Keys: []tlog.Key{key}}
	if _, err := log.Verify(n.Bytes()); err != nil {
		t.Error(err)
	}
	n.Signatures[1].Bytes[20] ^= 1
	if _, err := log.Verify(n.Bytes()); !errors.Is(err, tlog.ErrProof) {
		t.Error(err)
	}
}

func BenchmarkVerifyPolicy(b *testing.B) {
	tree := newTree(b, 9)
	policy, w := peers(b, tree, "2")
	text := cosign(b, tree.checkpoint(b, 9), noon, w...)
	for b.Loop() {
		if _, err := policy.Verify(text, tlog.Window{}); err != nil {
			b.Fatal(err)
		}
	}
}
