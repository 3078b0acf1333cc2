package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
)

// entries makes n instances, the last one first.
func entries(n int) (list []digest.Entry) {
	for i := n; i > 0; i-- {
		list = append(list, digest.Entry{
			SOPInstance: fmt.Sprintf("1.2.%d", i),
			Header:      digest.Digest{Kind: digest.Header, Sum: [32]byte{byte(i), 1}},
			Pixels:      digest.Digest{Kind: digest.Pixels, Sum: [32]byte{byte(i), 2}},
		})
	}
	return list
}

// The tree is that of RFC 6962, as another library has it, and every instance is proved by itself.
func TestManifest(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 64, 100} {
		m, err := digest.NewManifest(entries(n))
		if err != nil {
			t.Fatal(err)
		}
		factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
		tree := factory.NewEmptyRange(0)
		for _, e := range m.Entries() {
			if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(e.Leaf()), nil); err != nil {
				t.Fatal(err)
			}
		}
		want, err := tree.GetRootHash(nil)
		if n == 0 {
			want = rfc6962.DefaultHasher.EmptyRoot()
		}
		root := m.Root()
		if err != nil || string(root.Sum[:]) != string(want) || root.Kind != digest.Series {
			t.Errorf("%d instances: root %v, want %x", n, root, want)
		}
		for _, e := range entries(n) {
			got, p, err := m.Prove(e.SOPInstance)
			if err != nil || got != e || p.Verify(e, root) != nil {
				t.Errorf("%d instances: %s is not proved: %v", n, e.SOPInstance, err)
			}
			other := e
			other.Pixels.Sum[5] ^= 1
			if p.Verify(other, root) == nil {
				t.Errorf("%d instances: other pixels are proved", n)
			}
		}
	}
}

func TestManifestRefuses(t *testing.T) {
	list := entries(3)
	m, err := digest.NewManifest(append(slices.Clone(list), list[1])) // sent twice
	if err != nil || len(m.Entries()) != 3 {
		t.Errorf("an instance that came twice: %v", err)
	}
	plain, err := digest.NewManifest(list)
	if diff := cmp.Diff(m.Root(), plain.Root()); err != nil || diff != "" {
		t.Error(diff)
	}
	conflict := list[0]
	conflict.Header.Sum[0]++
	if _, err := digest.NewManifest(append(slices.Clone(list), conflict)); !errors.Is(err, digest.ErrConflict) {
		t.Errorf("two headers of one instance: %v", err)
	}
	for name, change := range map[string]func(*digest.Entry){
		"no identifier":     func(e *digest.Entry) { e.SOPInstance = "" },
		"a line of its own": func(e *digest.Entry) { e.SOPInstance = "1.2\n3" },
		"a long identifier": func(e *digest.Entry) { e.SOPInstance = fmt.Sprintf("1.%063d", 0) },
		"no header":         func(e *digest.Entry) { e.Header = digest.Digest{} },
		"another digest":    func(e *digest.Entry) { e.Header.Kind = digest.Semantic },
		"samples as pixels": func(e *digest.Entry) { e.Pixels.Kind = digest.Samples },
	} {
		bad := entries(3)
		change(&bad[1])
		if m, err := digest.NewManifest(bad); !errors.Is(err, digest.ErrEntry) || m.Entries() != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, p, err := plain.Prove("1.2.2")
		if err != nil || p.Verify(bad[1], plain.Root()) == nil {
			t.Errorf("%s: proved", name)
		}
	}
	if _, _, err := plain.Prove("1.2.9"); !errors.Is(err, digest.ErrNotProven) {
		t.Errorf("an instance that is not there: %v", err)
	}
	e, p, _ := plain.Prove("1.2.2")
	if p.Verify(e, digest.Digest{Kind: digest.Header, Sum: plain.Root().Sum}) == nil {
		t.Error("the digest of a header is the root of a series")
	}
	p.Index++
	if p.Verify(e, plain.Root()) == nil {
		t.Error("proved in another place")
	}
}

// A document has no pixels, and its entry says so.
func TestManifestOfInstances(t *testing.T) {
	document := of(t, el(0x00080018, "UI", "1.2.9\x00"), dicom.ExplicitLE)
	image := inMemory(t, pictures()[0].file())
	if image.Series != "1.2.5" || image.SOPInstance != "1.2.3.4" {
		t.Errorf("identifiers %s and %s", image.Series, image.SOPInstance)
	}
	m, err := digest.NewManifest([]digest.Entry{document.Entry(), image.Entry()})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("dcmc-1 instance 1.2.9\nheader sha256 %x\npixels sha256 none\n", document.Header.Sum)
	if got := string(m.Entries()[1].Leaf()); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
