package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/wardline/wardline/internal/journal/seal"
)

func newKey(tb testing.TB) *seal.Key {
	tb.Helper()
	text, err := seal.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	key, err := seal.ParseKey(text)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func TestABodyOpensOnlyWhereItWasSealed(t *testing.T) {
	key := newKey(t)
	data, wrapped, err := key.NewData("event/1")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte("what was said")
	sealed, err := data.Seal(body, 8192)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != len(body)+seal.Overhead || bytes.Contains(sealed, body) {
		t.Errorf("sealed as %q", sealed)
	}
	again, err := key.Data("event/1", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, 8192); err != nil || !bytes.Equal(got, body) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := again.Open(sealed, 8193); !errors.Is(err, seal.ErrOpen) || got != nil {
		t.Errorf("at another offset: %q, %v", got, err)
	}
	other, _, err := key.NewData("event/2")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := other.Open(sealed, 8192); !errors.Is(err, seal.ErrOpen) || got != nil {
		t.Errorf("in another segment: %q, %v", got, err)
	}
	if _, err := key.Data("event/2", wrapped); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("a data key moved to another segment: %v", err)
	}
	if _, err := newKey(t).Data("event/1", wrapped); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("with another key-encryption key: %v", err)
	}
}

func TestParseKeyDoesNotQuote(t *testing.T) {
	for _, text := range []string{"", "secret", `{"primaryKeyId":1,"key":[]}`} {
		if key, err := seal.ParseKey([]byte(text)); err == nil || key != nil || text != "" && bytes.Contains([]byte(err.Error()), []byte("secret")) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzOpen changes a sealed body in one bit, or cuts it.
func FuzzOpen(f *testing.F) {
	data, _, err := newKey(f).NewData("event/1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("what was said"), uint(7), uint(0))
	f.Add([]byte{}, uint(0), uint(3))
	f.Fuzz(func(t *testing.T, body []byte, bit, cut uint) {
		sealed, err := data.Seal(body, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := data.Open(sealed, 1); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("got %q, %v", got, err)
		}
		bad := bytes.Clone(sealed)
		bad[bit/8%uint(len(bad))] ^= 1 << (bit % 8)
		if _, err := data.Open(bad, 1); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("bit %d flipped: %v", bit, err)
		}
		if n := cut % uint(len(sealed)); n < uint(len(sealed)) {
			if _, err := data.Open(sealed[:n], 1); !errors.Is(err, seal.ErrOpen) {
				t.Fatalf("cut to %d bytes: %v", n, err)
			}
		}
	})
}
