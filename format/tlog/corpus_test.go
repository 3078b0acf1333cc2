package tlog_test

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/tlog"
)

// each reads a file of one JSON object for each line, packed or not.
func each[T any](t *testing.T, path string, check func(T)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var one T
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		check(one)
	}
	if lines.Err() != nil || n == 0 {
		t.Fatalf("%d read, %v", n, lines.Err())
	}
	t.Logf("%d cases", n)
}

// vector is one case of rfc6962-proofs: of a path or of growth, of a tree or of a part.
type vector struct {
	Case    string
	WantErr bool

	LeafIdx, TreeSize, Start, End, Size1, Size2, Size uint64
	LeafHash, Root, Root1, Root2                      []byte
	Proof                                             [][]byte
}

// judge says what becomes of a case. What has not 32 bytes cannot come out of any of our parsers. Something that is equal only
// to itself stands for a root of that kind, and a path that begins with such a leaf or goes through it is refused.
func (v vector) judge() error {
	given := v.Proof
	kind, _, _ := strings.Cut(v.Case, "/")
	inclusion := strings.HasSuffix(kind, "inclusion")
	if inclusion {
		given = append(given[:len(given):len(given)], v.LeafHash, v.Root)
	} else {
		given = append(given[:len(given):len(given)], v.Root1, v.Root2)
	}
	var hashes []tlog.Hash
	for n, h := range given {
		if len(h) != sha256.Size {
			if n < len(v.Proof) || inclusion && n == len(v.Proof) {
				return errors.New("a hash has another length")
			}
			other := sha256.Sum256(fmt.Appendf(nil, "of another length: %q", h))
			h = other[:]
		}
		hashes = append(hashes, tlog.Hash(h))
	}
	first, second, hashes := hashes[len(v.Proof)], hashes[len(v.Proof)+1], hashes[:len(v.Proof)]
	switch kind {
	case "inclusion":
		return tlog.Subtree{End: v.TreeSize, Root: second}.VerifyInclusion(first, v.LeafIdx, hashes)
	case "subtreeinclusion":
		return tlog.Subtree{Start: v.Start, End: v.End, Root: second}.VerifyInclusion(first, v.LeafIdx, hashes)
	case "consistency":
		return tlog.VerifyConsistency(tlog.Checkpoint{Size: v.Size1, Root: first}, tlog.Checkpoint{Size: v.Size2, Root: second}, hashes)
	case "subtreeconsistency":
		return tlog.Subtree{Start: v.Start, End: v.End, Root: first}.VerifyConsistency(v.Size, second, hashes)
	}
	return fmt.Errorf("what is %s?", kind)
}

func TestCorpusOfProofs(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "tlog", "rfc6962-proofs"), "*.jsonl"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			each(t, path, func(v vector) {
				if err := v.judge(); (err != nil) != v.WantErr {
					t.Errorf("%s: %v", v.Case, err)
				}
			})
		})
	}
}

// sumdb is the log of Go's checksum database, whose origin is not the name of its key.
func sumdb(t *testing.T) tlog.Log {
	t.Helper()
	text, err := os.ReadFile(formattest.Corpora(t, "tlog", "sumdb", "verifier.txt"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Log{Origin: "go.sum database tree", Keys: []tlog.Key{key}}
}

func TestCorpusOfInclusionInSumdb(t *testing.T) {
	log := sumdb(t)
	each(t, formattest.Corpora(t, "tlog", "sumdb", "inclusion.jsonl.gz"), func(v struct {
		Record   string   `json:"record_text"`
		Index    uint64   `json:"leaf_index"`
		Size     uint64   `json:"tree_size"`
		Root     []byte   `json:"root_hash"`
		Proof    [][]byte `json:"inclusion_proof"`
		TreeHead string   `json:"signed_tree_head"`
	}) {
		c, err := log.Verify([]byte(v.TreeHead))
		if err != nil || c.Size != v.Size || c.Root != tlog.Hash(v.Root) {
			t.Fatalf("leaf %d: %v, %v", v.Index, c, err)
		}
		root := tlog.Subtree{End: c.Size, Root: c.Root}
		if err := root.VerifyInclusion(tlog.HashLeaf([]byte(v.Record)), v.Index, fixed(v.Proof)); err != nil {
			t.Error(err)
		}
		if err := root.VerifyInclusion(tlog.HashLeaf([]byte(v.Record+"\n")), v.Index, fixed(v.Proof)); err == nil {
			t.Errorf("leaf %d: another record was proven", v.Index)
		}
	})
}

func TestCorpusOfConsistencyInSumdb(t *testing.T) {
	log := sumdb(t)
	each(t, formattest.Corpora(t, "tlog", "sumdb", "consistency.jsonl.gz"), func(v struct {
		Signed1, Signed2 string
		Proof            [][]byte
	}) {
		older, err := log.Verify([]byte(v.Signed1))
		if err != nil {
			t.Fatal(err)
		}
		newer, err := log.Verify([]byte(v.Signed2))
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.VerifyConsistency(older, newer, fixed(v.Proof)); err != nil {
			t.Error(err)
		}
		older.Root[9] ^= 4
		if err := tlog.VerifyConsistency(older, newer, fixed(v.Proof)); err == nil {
			t.Errorf("another past of %d was proven", older.Size)
		}
	})
}

// TestCorpusOfTiles makes every proof that the tiles of a log give, of every checkpoint.
func TestCorpusOfTiles(t *testing.T) {
	dir := formattest.Corpora(t, "tlog", "tiles-tessera")
	verifier, err := os.ReadFile(filepath.Join(dir, "verifier.txt"))
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "log", "checkpoint*"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	points := map[uint64]tlog.Checkpoint{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := tlog.ParseCheckpoint(text, strings.TrimSpace(string(verifier)))
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(path), err)
		}
		if want := "checkpoint." + strconv.FormatUint(c.Size, 10); filepath.Base(path) != "checkpoint" && filepath.Base(path) != want {
			t.Errorf("%s is of %d leaves", filepath.Base(path), c.Size)
		}
		points[c.Size] = c
	}
	for size, c := range points {
		tree := tlog.Tree{Size: size, Read: tlog.Dir(os.DirFS(filepath.Join(dir, "log")))}
		root, err := tree.Root()
		if err != nil || root != c.Root {
			t.Fatalf("%d leaves: the tiles do not lead to the root: %v", size, err)
		}
		provesAll(t, tree, c, points)
	}
	t.Logf("%d checkpoints", len(points))
}

func provesAll(t *testing.T, tree tlog.Tree, c tlog.Checkpoint, points map[uint64]tlog.Checkpoint) {
	t.Helper()
	for index := range tree.Size {
		leaf, err := tree.Leaf(index)
		if err != nil {
			t.Fatal(err)
		}
		hashes, err := tree.Inclusion(index)
		if err != nil {
			t.Fatal(err)
		}
		if err := (tlog.Subtree{End: c.Size, Root: c.Root}).VerifyInclusion(tlog.HashLeaf(leaf), index, hashes); err != nil {
			t.Error(err)
		}
	}
	for older, o := range points {
		if older == 0 || older > tree.Size {
			continue
		}
		hashes, err := tree.Consistency(older)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.VerifyConsistency(o, c, hashes); err != nil {
			t.Error(err)
		}
	}
}

// bundle is of a Sigstore bundle what is about logs.
type bundle struct {
	MediaType            string
	VerificationMaterial struct {
		TlogEntries []struct {
			LogIndex          int64 `json:",string"`
			LogID             struct{ KeyID []byte }
			InclusionProof    *inclusion
			CanonicalizedBody []byte
		}
	}
}

type inclusion struct {
	LogIndex   int64  `json:",string"`
	TreeSize   uint64 `json:",string"`
	RootHash   []byte
	Hashes     [][]byte
	Checkpoint struct{ Envelope string }
}

// publicRekor is the key of the log that bundles without a trusted root are in: that of https://rekor.sigstore.dev.
const publicRekor = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw=="

// rekor returns the keys of the logs that a case trusts, by the identity that entries name them by.
func rekor(t *testing.T, dir string) map[string]tlog.Key {
	t.Helper()
	var root struct {
		Tlogs []struct {
			BaseURL   string
			PublicKey struct {
				RawBytes   []byte
				KeyDetails string
			}
			LogID struct{ KeyID []byte }
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "trusted_root.json"))
	if err == nil {
		err = json.Unmarshal(text, &root)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	keys := map[string]tlog.Key{}
	der, err := base64.StdEncoding.DecodeString(publicRekor)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	if keys[string(sum[:])], err = tlog.NewKey("rekor.sigstore.dev", tlog.ECDSA, der); err != nil {
		t.Fatal(err)
	}
	for _, l := range root.Tlogs {
		base, err := url.Parse(l.BaseURL)
		if err != nil {
			t.Fatal(err)
		}
		algorithm, public := tlog.ECDSA, l.PublicKey.RawBytes
		if strings.Contains(l.PublicKey.KeyDetails, "ED25519") {
			algorithm, public = tlog.Ed25519, public[len(public)-32:]
		}
		if keys[string(l.LogID.KeyID)], err = tlog.NewKey(base.Host, algorithm, public); err != nil {
			t.Fatalf("%s: %v", l.BaseURL, err)
		}
	}
	return keys
}

// errNoProof says that a bundle proves nothing of a log.
var errNoProof = errors.New("no inclusion proof")

// judgeBundle checks what a bundle says of a log, without asking it: each entry stands in a tree whose root the log signed.
// Certificates, signatures of artifacts, time stamps and the promises of older bundles (v0.1) are not looked at.
func judgeBundle(b bundle, keys map[string]tlog.Key) error {
	if len(b.VerificationMaterial.TlogEntries) == 0 {
		return errNoProof
	}
	for _, e := range b.VerificationMaterial.TlogEntries {
		p := e.InclusionProof
		if e.LogIndex < 0 || p != nil && p.LogIndex < 0 {
			return errors.New("an index is below 0")
		}
		if p == nil {
			return errNoProof
		}
		key, known := keys[string(e.LogID.KeyID)]
		if !known {
			return errors.New("the log is not a trusted one")
		}
		origin, _, _ := strings.Cut(p.Checkpoint.Envelope, "\n")
		if name, _, _ := strings.Cut(origin, " - "); name != key.Name { // Rekor v1 has the number of its tree behind its name
			return errors.New("the checkpoint names another log")
		}
		c, err := tlog.Log{Origin: origin, Keys: []tlog.Key{key}}.Verify([]byte(p.Checkpoint.Envelope))
		if err != nil {
			return err
		}
		if c.Size != p.TreeSize || string(c.Root[:]) != string(p.RootHash) {
			return errors.New("the checkpoint is of another tree than the proof")
		}
		leaf := tlog.HashLeaf(e.CanonicalizedBody)
		if err := (tlog.Subtree{End: c.Size, Root: c.Root}).VerifyInclusion(leaf, uint64(p.LogIndex), fixed(p.Hashes)); err != nil {
			return err
		}
	}
	return nil
}

// notOfLogs tells whether a case that must be refused is refused for what no log says: certificates, signatures, time
// stamps. All that its entries prove of the log holds. The list is empty as long as there are no such cases.
func notOfLogs(name string) bool {
	for _, part := range []string{"checkpoint", "inclusion", "log-index", "tlog"} {
		if strings.Contains(name, part) {
			return false
		}
	}
	return strings.HasSuffix(name, "_fail")
}

// TestCorpusOfBundles: what is said to be false must be refused, and what is said to be true must hold, as far as it is
// about logs.
func TestCorpusOfBundles(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "tlog", "sigstore-bundles"), "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "bundle.sigstore.json"))
			if err != nil {
				t.Fatal(err)
			}
			var b bundle
			if err := json.Unmarshal(text, &b); err != nil {
				t.Fatal(err)
			}
			err = judgeBundle(b, rekor(t, dir))
			switch {
			case strings.HasSuffix(name, "_fail") && err == nil && notOfLogs(name):
				t.Skip("not judged: all that is said of the log holds, what is false is a certificate, a signature or a time")
			case errors.Is(err, errNoProof) && strings.Contains(b.MediaType, "version=0.1"):
				t.Skip("not judged: bundles of version 0.1 may do with a promise of the log")
			case (err != nil) != strings.HasSuffix(name, "_fail"):
				t.Errorf("got %v", err)
			}
		})
	}
}
