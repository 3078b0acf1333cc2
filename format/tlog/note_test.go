package tlog_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/tlog"
)

func TestKeysAreReadStrictly(t *testing.T) {
	key := witness(t, "north.example").Key().String()
	again, err := tlog.ParseKey(key)
	if err != nil || again != witness(t, "north.example").Key() {
		t.Errorf("%v, %v", again, err)
	}
	upper := strings.Replace(key, key[14:22], strings.ToUpper(key[14:22]), 1)
	if upper == key {
		t.Fatal("the ID of this key has no letters")
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := tlog.NewKey("log.example", tlog.ECDSA, der); !errors.Is(err, tlog.ErrKey) || k != (tlog.Key{}) {
		t.Errorf("another curve: %v", err)
	}
	for name, text := range map[string]string{
		"nothing":            "",
		"another name":       strings.Replace(key, "north", "south", 1),
		"no name":            key[strings.IndexByte(key, '+'):],
		"a capital ID":       upper,
		"a space":            "north example+" + key[14:],
		"loose base64":       key[:len(key)-1],
		"cut off":            key[:len(key)-8],
		"ML-DSA-44":          "north.example+00000000+BgAA",
		"no algorithm":       "north.example+00000000+",
		"P-256 that is none": "north.example+00000000+AgAA",
	} {
		if k, err := tlog.ParseKey(text); !errors.Is(err, tlog.ErrKey) || k != (tlog.Key{}) {
			t.Errorf("%s: %v, %v", name, k, err)
		}
	}
	for name, text := range map[string]string{"a public key": key, "another ID": "PRIVATE+KEY+north.example+00000000" + witness(t, "x").Secret()[len("PRIVATE+KEY+x+00000000"):]} {
		if s, err := tlog.ParseSigner(text); !errors.Is(err, tlog.ErrKey) || s != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := tlog.ParseSigner(witness(t, "north.example").Secret())
	if err != nil || s.Key().String() != key {
		t.Error(err)
	}
}

func TestNothingButCheckpointsIsSigned(t *testing.T) {
	w := witness(t, "north.example")
	for name, text := range map[string]string{
		"nothing": "", "two lines": "origin\n1\n", "no number": "origin\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"no hash": "origin\n1\nCsUYapGGPo4d\n", "an empty line": "origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
		"no origin": "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "no end": "origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
	} {
		if s, err := w.Sign([]byte(text), noon); !errors.Is(err, tlog.ErrProof) || s.Bytes != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := tlog.Checkpoint{Origin: "origin", Size: 1}
	if _, err := w.Sign(c.Text(), time.Time{}); err == nil {
		t.Error("a cosignature without a time")
	}
	if _, err := w.Sign(append(c.Text(), "what the log adds\n"...), noon); err != nil {
		t.Error(err)
	}
}

func TestNotesThatAreRefused(t *testing.T) {
	good := string(newTree(t, 3).checkpoint(t, 3))
	line := good[strings.Index(good, "—"):]
	for name, text := range map[string]string{
		"no signature":      good[:strings.Index(good, "—")],
		"no empty line":     strings.Replace(good, "\n\n", "\n", 1),
		"no last line feed": good[:len(good)-1],
		"a tab":             "\t" + good,
		"not UTF-8":         "\xff" + good,
		"a hyphen":          strings.Replace(good, "—", "-", 1),
		"a name with +":     strings.Replace(good, "— ", "— a+", 1),
		"no name":           strings.Replace(good, "— log.example", "— ", 1),
		"an ID alone":       good + "— x AAAAAA==\n",
		"too many":          good + strings.Repeat(line, 64),
		"too long":          strings.Repeat("x", tlog.MaxNote) + good,
	} {
		if n, err := tlog.ParseNote([]byte(text)); !errors.Is(err, tlog.ErrProof) || n.Text != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := tlog.ParseSignatures([]byte("— x " + strings.Repeat("AAAA", tlog.MaxNote/4) + "\n")); !errors.Is(err, tlog.ErrProof) || s != nil {
		t.Errorf("a signature that is too long: %v", err)
	}
	if n, err := tlog.ParseNote([]byte(good + strings.Repeat("— x AAAAAAA=\n", 16))); err != nil || len(n.Signatures) != 17 {
		t.Errorf("a note must bear sixteen signatures more: %v", err)
	}
}

// cheap checks that a parser allots little, and quotes nothing.
func cheap(t *testing.T, text []byte, parse func([]byte) error) {
	t.Helper()
	text = formattest.Plant(text)
	formattest.Cost{Fixed: 64 << 10, PerByte: 24}.Check(t, len(text), func() { formattest.Quiet(t, parse(text)) })
}

// FuzzParseNote reads a note, which must come back as it was, and which another library must read the same way. That one is
// laxer about base64.
func FuzzParseNote(f *testing.F) {
	tree := newTree(f, 3)
	w := witness(f, "north.example")
	f.Add(tree.checkpoint(f, 3))
	f.Add(cosign(f, tree.checkpoint(f, 2), noon, w))
	f.Add([]byte("a\n\nb\n\n— x AAAAAAA=\n"))
	f.Add([]byte("0042\n0042\n\n— 0042 0042=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cheap(t, text, func(b []byte) error { _, _, err := tlog.ReadCheckpoint(b); return err })
		n, err := tlog.ParseNote(text)
		if err != nil {
			return
		}
		if again := n.Bytes(); !bytes.Equal(again, text) {
			t.Fatalf("printed %q", again)
		}
		var unverified *note.UnverifiedNoteError
		if _, err := note.Open(text, note.VerifierList()); !errors.As(err, &unverified) {
			t.Fatalf("another library says %v", err)
		}
		theirs := unverified.Note
		if theirs.Text != string(n.Text) || len(theirs.UnverifiedSigs) > len(n.Signatures) {
			t.Fatalf("%q, another says %q", n.Text, theirs.Text)
		}
		c, _, err := tlog.ReadCheckpoint(text)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(n.Text, c.Text()) {
			t.Fatalf("the checkpoint is printed otherwise: %v", c)
		}
		if _, err := logOf(t, tree).Verify(text); err == nil && c.Root != tlog.Hash(tree.hash(0, 3)) && c.Root != tlog.Hash(tree.hash(0, 2)) {
			t.Fatal("what the log did not sign was believed")
		}
	})
}

// FuzzParseSignatures reads what a witness answers, which must come back as it was, and holds nothing of a key that did not sign.
func FuzzParseSignatures(f *testing.F) {
	tree, w := newTree(f, 3), witness(f, "north.example")
	n, err := tlog.ParseNote(cosign(f, tree.checkpoint(f, 3), noon, w))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(n.Signatures[1].String()))
	f.Add([]byte(n.Signatures[0].String() + n.Signatures[1].String()))
	f.Fuzz(func(t *testing.T, text []byte) {
		cheap(t, text, func(b []byte) error { _, err := tlog.ParseSignatures(b); return err })
		signatures, err := tlog.ParseSignatures(text)
		if err != nil {
			return
		}
		again := ""
		for _, s := range signatures {
			again += s.String()
			if at, ok := w.Key().Verify(n.Text, s); ok && !(at.Equal(noon) && slices.Equal(s.Bytes, n.Signatures[1].Bytes)) {
				t.Fatal("what the witness did not sign was believed")
			}
		}
		if again != string(text) {
			t.Fatalf("printed %q", again)
		}
	})
}

// FuzzParseKey reads a key, which must come back as it was.
func FuzzParseKey(f *testing.F) {
	f.Add(witness(f, "north.example").Key().String())
	f.Add(newTree(f, 1).publicKey)
	f.Fuzz(func(t *testing.T, text string) {
		cheap(t, []byte(text), func(b []byte) error { _, err := tlog.ParseKey(string(b)); return err })
		if k, err := tlog.ParseKey(text); err == nil && k.String() != text {
			t.Fatalf("printed %q", k)
		}
		_, ours := tlog.ParseKey(text)
		if _, err := note.NewVerifier(text); err == nil && ours != nil && !strings.ContainsAny(text, "ABCDEF\r\n") {
			t.Fatalf("another library takes it: %v", ours)
		}
	})
}
