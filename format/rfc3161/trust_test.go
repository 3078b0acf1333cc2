package rfc3161_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/rfc3161"
)

// TestWhoIsTrusted: a certificate that somebody else signed is a way to a root, and none itself.
func TestWhoIsTrusted(t *testing.T) {
	a, other := newAuthority(t, kind{}), newAuthority(t, kind{})
	token := a.stamp(t, request())
	read := func(a *authority, name string) []byte {
		text, err := os.ReadFile(filepath.Join(a.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, c := range map[string]struct {
		text  []byte
		holds bool
	}{
		"the root":                           {read(a, "root.pem"), true},
		"the chain":                          {append(read(a, "tsa.pem"), read(a, "root.pem")...), true},
		"with words":                         {append([]byte("The authority of the state\n"), read(a, "root.pem")...), true},
		"another root":                       {read(other, "root.pem"), false},
		"the authority below another's root": {append(read(a, "tsa.pem"), read(other, "root.pem")...), false},
	} {
		trust, err := rfc3161.ParseTrust(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := token.Verify(request(), trust); (err == nil) != c.holds {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoCannotBeTrusted(t *testing.T) {
	root, err := os.ReadFile(filepath.Join("testdata", "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(root)
	alone, err := os.ReadFile(filepath.Join(newAuthority(t, kind{}).dir, "tsa.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "no root": alone, "words": []byte("The authority of the state\n"), "too many": bytes.Repeat(root, 17), "too long": append(make([]byte, rfc3161.MaxTrust), root...),
		"a key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}), "no certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes[1:]}),
	} {
		if trust, err := rfc3161.ParseTrust(text); !errors.Is(err, rfc3161.ErrForm) || trust.Roots != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseTrust: what was read is written and read again as the same.
func FuzzParseTrust(f *testing.F) {
	root, err := os.ReadFile(filepath.Join("testdata", "root.pem"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(root)
	f.Add(append([]byte("words\n"), root...))
	f.Fuzz(func(t *testing.T, text []byte) {
		trust, err := rfc3161.ParseTrust(text)
		formattest.Quiet(t, err)
		if err != nil {
			return
		}
		again, err := rfc3161.ParseTrust(rfc3161.FormatChain(trust.Intermediates))
		if err != nil || !again.Roots.Equal(trust.Roots) || len(again.Intermediates) != len(trust.Intermediates) {
			t.Fatal("it does not come back", err)
		}
		for i, c := range again.Intermediates {
			if !c.Equal(trust.Intermediates[i]) {
				t.Fatal("another certificate")
			}
		}
	})
}
