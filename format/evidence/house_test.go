package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/rfc3161/rfc3161test"
	"github.com/wardline/wardline/format/tlog"
)

func signer(tb testing.TB, name string, algorithm tlog.Algorithm) *tlog.Signer {
	tb.Helper()
	seed := sha256.Sum256([]byte(name))
	s, err := tlog.NewSigner(name, algorithm, seed[:])
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// house is a journal of a few entries, in memory.
type house struct {
	signer *tlog.Signer
	policy *tlog.Policy
	lines  [][]byte // of the entry that is shown
	seed   [32]byte
	leaf   []byte
	proof  tlog.Proof
}

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// newHouse seals lines as entry 1 of 3. old leaves the root of lines out, witnesses sign the checkpoint.
func newHouse(tb testing.TB, old bool, witnesses ...string) *house {
	tb.Helper()
	h := &house{signer: signer(tb, "journal.st-example.org", tlog.Ed25519), seed: sha256.Sum256([]byte("seed"))}
	h.lines = [][]byte{
		[]byte(`{"id":"01","fields":{"patient":"DOE^JANE","value":"5.0"}}`),
		[]byte(`{"id":"02","fields":{"message":"MSH|^~\\&|LAB\rPID|1||4711||DOE^JANE\r"}}`),
		[]byte(`{"source":"lab","reason":"no segment","bytes":"TVNI"}`),
	}
	root := evidence.NewLines(h.seed, append(bytes.Join(h.lines, []byte("\n")), '\n')).Root()
	opens := `"lines":"` + hex.EncodeToString(root[:]) + `",`
	if old {
		opens = ""
	}
	h.leaf = fmt.Appendf(nil, `{"kind":"event","count":3,"received":"2026-11-26T11:59:00Z","sources":["lab"],"segment":"event/20261126T115900Z-00000001","offset":8192,"size":99,%s"sha256":"%064d"}`, opens, 7)
	leaves := []tlog.Hash{tlog.HashLeaf([]byte("0")), tlog.HashLeaf(h.leaf), tlog.HashLeaf([]byte("2"))}
	top := tlog.HashChildren(tlog.HashChildren(leaves[0], leaves[1]), leaves[2])
	text := tlog.Checkpoint{Origin: h.signer.Key().Name, Size: 3, Root: top}.Text()
	note := tlog.Note{Text: text, Signatures: []tlog.Signature{h.sign(tb, h.signer, text)}}
	if len(witnesses) > 0 {
		h.policy = &tlog.Policy{Logs: []tlog.Log{{Origin: h.signer.Key().Name, Keys: []tlog.Key{h.signer.Key()}}}, Quorum: "peers"}
		for _, name := range witnesses {
			w := signer(tb, name, tlog.CosignatureV1)
			note.Signatures = append(note.Signatures, h.sign(tb, w, text))
			h.policy.Witnesses = append(h.policy.Witnesses, tlog.Witness{Name: name, Key: w.Key()})
		}
		h.policy.Groups = []tlog.Group{{Name: "peers", Need: len(witnesses), Members: witnesses}}
	}
	h.proof = tlog.Proof{Extra: h.leaf, Index: 1, Hashes: []tlog.Hash{leaves[0], leaves[2]}, Checkpoint: note.Bytes()}
	return h
}

func (h *house) sign(tb testing.TB, s *tlog.Signer, text []byte) tlog.Signature {
	tb.Helper()
	signed, err := s.Sign(text, noon)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

func (h *house) export(tb testing.TB, lines ...int) evidence.Export {
	tb.Helper()
	x := evidence.Export{
		About: "A laboratory value that two systems do not agree about.", Exporter: "R. Roe, privacy officer", Reason: "inquiry 621", Software: "wardline test",
		At: noon.Add(time.Hour), Act: evidence.Place{Entry: 2}, Journal: h.signer.Key().String(), Policy: h.policy,
		Sign: func(manifest []byte) ([]byte, error) { return h.note(tb, manifest), nil },
	}
	for _, n := range lines {
		item := evidence.Item{Place: evidence.Place{Entry: 1, Line: n}, Line: h.lines[n], Proof: h.proof}
		if bytes.Contains(h.leaf, []byte(`"lines"`)) {
			o, err := evidence.NewLines(h.seed, append(bytes.Join(h.lines, []byte("\n")), '\n')).Open(n)
			if err != nil {
				tb.Fatal(err)
			}
			item.Opening = &o
		}
		x.Items = append(x.Items, item)
	}
	return x
}

// note signs a manifest as a journal does. tlog signs checkpoints only, so the signature is made as golang.org/x/mod does it.
func (h *house) note(tb testing.TB, manifest []byte) []byte {
	tb.Helper()
	return signNote(tb, h.signer, evidence.Vouch(h.signer.Key().Name, manifest))
}

func (h *house) bundle(tb testing.TB, lines ...int) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := evidence.Write(&b, h.export(tb, lines...)); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// stamped has an authority stamp the checkpoint of the house.
func (h *house) stamped(tb testing.TB, a *rfc3161test.Authority) *evidence.Stamp {
	tb.Helper()
	point, err := h.proof.Verify(h.leaf, h.signer.Key().String())
	if err != nil {
		tb.Fatal(err)
	}
	asked, err := rfc3161.Request{Digest: evidence.Imprint(point), Nonce: rfc3161.NewNonce([16]byte{1})}.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	return &evidence.Stamp{Proof: h.proof, Request: asked, Response: a.Answer(asked), Chain: a.Chain}
}

func (h *house) trust() evidence.Trust {
	return evidence.Trust{Key: h.signer.Key().String(), Policy: h.policy}
}

// forge changes a bundle that was taken apart, and lists and signs it anew, as the house itself could.
func (h *house) forge(tb testing.TB, files map[string][]byte, change func(map[string][]byte, *evidence.Manifest)) []byte {
	tb.Helper()
	out := maps.Clone(files)
	m, err := evidence.ParseManifest(files["manifest.json"])
	if err != nil {
		tb.Fatal(err)
	}
	change(out, m)
	m.Files = m.Files[:0]
	for _, name := range slices.Sorted(maps.Keys(out)) {
		if name != "manifest.json" && name != "manifest.note" {
			sum := sha256.Sum256(out[name])
			m.Files = append(m.Files, evidence.File{Name: name, SHA256: hex.EncodeToString(sum[:]), Size: len(out[name])})
		}
	}
	out["manifest.json"] = m.Bytes()
	out["manifest.note"] = h.note(tb, m.Bytes())
	return evidence.Pack(out, slices.Sorted(maps.Keys(out))...)
}
