package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	reference "golang.org/x/mod/sumdb/tlog"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/tlog"
)

func backward(names []string) []string {
	out := slices.Clone(names)
	slices.Reverse(out)
	return out
}

// signNote signs any text, which tlog.Signer does not: it takes the seed out of the secret form of a key.
func signNote(tb testing.TB, s *tlog.Signer, text []byte) []byte {
	tb.Helper()
	secret := s.Secret()
	raw, err := base64.StdEncoding.DecodeString(secret[len(secret)-44:])
	if err != nil || len(raw) != 33 {
		tb.Fatal("not a secret key", err)
	}
	signed := ed25519.Sign(ed25519.NewKeyFromSeed(raw[1:]), text)
	return tlog.Note{Text: text, Signatures: []tlog.Signature{{Name: s.Key().Name, ID: s.Key().ID(), Bytes: signed}}}.Bytes()
}

// body makes so many lines, each with a line end.
func body(n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, `{"n":%d}`+"\n", i)
	}
	return b
}

// TestLines holds the tree to that of the Go checksum database, whose leaves are salt and line.
func TestLines(t *testing.T) {
	seed := sha256.Sum256([]byte("seed"))
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 500} {
		lines := evidence.NewLines(seed, body(n))
		var stored []reference.Hash
		read := reference.HashReaderFunc(func(at []int64) (out []reference.Hash, _ error) {
			for _, i := range at {
				out = append(out, stored[i])
			}
			return out, nil
		})
		for i := range n {
			salt := evidence.SaltOf(seed, i)
			more, err := reference.StoredHashes(int64(i), fmt.Appendf(salt[:], `{"n":%d}`, i), read)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, more...)
		}
		want, err := reference.TreeHash(int64(n), read)
		if err != nil {
			t.Fatal(err)
		}
		if lines.Root() != tlog.Hash(want) {
			t.Fatalf("%d lines have another root", n)
		}
		for i := range n {
			o, err := lines.Open(i)
			if err != nil {
				t.Fatal(err)
			}
			line := fmt.Appendf(nil, `{"n":%d}`, i)
			if err := o.Verify(line, n, lines.Root()); err != nil {
				t.Error(n, i, err)
			}
			if o.Verify(fmt.Appendf(nil, `{"n":%d}`, i+1), n, lines.Root()) == nil || o.Verify(line, n+1, lines.Root()) == nil {
				t.Errorf("line %d of %d may be another", i, n)
			}
		}
		for _, i := range []int{-1, n} {
			if _, err := lines.Open(i); err == nil {
				t.Errorf("line %d of %d is opened", i, n)
			}
		}
	}
}

// TestSalt holds the derivation of salts to its documentation: journals are read by it.
func TestSalt(t *testing.T) {
	salt := evidence.SaltOf(sha256.Sum256([]byte("seed")), 258)
	if diff := cmp.Diff(fmt.Sprintf("%x", salt), "a10eb9f4fd2009729ecd7633d18f34b36a87e1a474fe5934657887b1f08e5566"); diff != "" {
		t.Error(diff)
	}
}

func TestMessage(t *testing.T) {
	for line, want := range map[string][2]string{
		`{"fields":{"message":"MSH|\rPID|\r"}}`:         {"MSH|\rPID|\r", evidence.FromFields},
		`{"fields":{"message":["MSH|"]}}`:               {"", ""},
		`{"fields":{"other":1}}`:                        {"", ""},
		`{"fields":[]}`:                                 {"", ""},
		`{"bytes":"TVNI","fields":{"message":"other"}}`: {"MSH", evidence.FromBytes},
		`{"bytes":"?"}`:                                 {"", ""},
		`{}`:                                            {"", ""},
	} {
		text, how := evidence.MessageOf([]byte(line))
		if diff := cmp.Diff([2]string{string(text), how}, want); diff != "" {
			t.Error(line, diff)
		}
	}
}

func FuzzParseOpening(f *testing.F) {
	for _, n := range []int{1, 2, 500} {
		o, err := evidence.NewLines([32]byte{1}, body(n)).Open(n - 1)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(o.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := evidence.ParseOpening(text)
		if err == nil && !bytes.Equal(o.Bytes(), text) {
			t.Fatal("it is printed otherwise")
		}
	})
}

// BenchmarkNewLines hashes the lines of a full pack, as the journal does for each entry.
func BenchmarkNewLines(b *testing.B) {
	line := append(bytes.Repeat([]byte("x"), 487), '\n')
	pack := bytes.Repeat(line, 500)
	b.SetBytes(int64(len(pack)))
	for b.Loop() {
		evidence.NewLines([32]byte{1}, pack).Root()
	}
}
