package aside_test

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/vault"
)

func sealer(t *testing.T) *aside.Sealer {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	s, err := aside.NewSealer(v.Seal, v.Open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestWhatIsPutAsideComesBack, each thing with the others of its part, however much it is.
func TestWhatIsPutAsideComesBack(t *testing.T) {
	dir := t.TempDir()
	texts := aside.Form[string]{
		Pack: func(all []string) (body, content []byte) {
			for _, s := range all {
				body, content = binary.AppendUvarint(body, uint64(len(s))), append(content, s...)
			}
			return body, content
		},
		Unpack: func(body, content []byte) (all []string, err error) {
			lengths, c := aside.Reader{B: body}, aside.Reader{B: content}
			for len(lengths.B) > 0 {
				all = append(all, string(c.Take(int(lengths.Number()))))
			}
			return all, nil
		},
	}
	s, err := aside.NewSpill(dir, 3, sealer(t), "a test", texts)
	if err != nil {
		t.Fatal(err)
	}
	if s.Parts() != 8 || s.Bits != 3 {
		t.Fatalf("%d parts of %d bits", s.Parts(), s.Bits)
	}
	want := make([][]string, 8)
	for i := range 40_000 {
		text := "thing " + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26))
		want[i%8] = append(want[i%8], text)
		if err := s.Add(i%8, text, len(text)+20); err != nil {
			t.Fatal(err)
		}
	}
	for part := range want {
		got, err := s.Take(part)
		slices.Sort(got)
		slices.Sort(want[part])
		if err != nil || !slices.Equal(got, want[part]) {
			t.Errorf("part %d: %d things, want %d; %v", part, len(got), len(want[part]), err)
		}
		if again, err := s.Take(part); err != nil || len(again) != 0 {
			t.Errorf("part %d was not forgotten: %d things, %v", part, len(again), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// TestWhatIsDamagedIsSaid: a flipped byte, another purpose.
func TestWhatIsDamagedIsSaid(t *testing.T) {
	s := sealer(t)
	packed, err := s.Pack([]byte("a row"), "rows")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := s.Unpack(packed, "rows"); err != nil || string(plain) != "a row" {
		t.Fatalf("%q, %v", plain, err)
	}
	if _, err := s.Unpack(packed, "other rows"); !errors.Is(err, aside.ErrDamaged) {
		t.Errorf("for another purpose: %v", err)
	}
	for i := range packed {
		packed[i] ^= 1
		if _, err := s.Unpack(packed, "rows"); !errors.Is(err, aside.ErrDamaged) {
			t.Errorf("byte %d: %v", i, err)
		}
		packed[i] ^= 1
	}
}

// FuzzReader reads anything as numbers, texts and bytes: it ends, and gives what fits.
func FuzzReader(f *testing.F) {
	f.Add([]byte{3, 'a', 'b', 'c', 200, 1, 0})
	f.Add(binary.AppendUvarint(nil, 1<<63))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := aside.Reader{B: b}
		for len(r.B) > 0 && !r.Bad {
			before := len(r.B)
			r.Number()
			text := r.Text()
			if len(r.Take(1)) != 1 {
				t.Fatal("a byte that is asked for is given, if only a zero")
			}
			if len(r.B) >= before || !r.Bad && len(text) > before {
				t.Fatalf("%d bytes are left of %d, of which %d were a text", len(r.B), before, len(text))
			}
		}
	})
}
