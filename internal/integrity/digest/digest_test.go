package digest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// The sum of no bytes at all, as every book on SHA-256 has it.
const empty = "raw:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestDigestText(t *testing.T) {
	d := digest.Of(digest.Raw, nil)
	if diff := cmp.Diff(d.String(), empty); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(map[string]digest.Digest{"d": d})
	if diff := cmp.Diff(string(text), `{"d":"`+empty+`"}`); diff != "" || err != nil {
		t.Error(diff, err)
	}
	var back map[string]digest.Digest
	if err := json.Unmarshal(text, &back); err != nil || back["d"] != d {
		t.Errorf("read back as %v: %v", back["d"], err)
	}
	if d.IsZero() || !(digest.Digest{}).IsZero() {
		t.Error("a digest of something is zero, or that of nothing is not")
	}
}

func TestParseRefuses(t *testing.T) {
	_, hex, _ := strings.Cut(empty, ":")
	for _, text := range []string{
		"", hex, ":" + hex, "raw", "raw:", "RAW:" + hex, " raw:" + hex, "sha256:" + hex, "raw:" + strings.ToUpper(hex), "raw:" + hex[1:],
		"raw:" + hex + "0", "raw:" + hex + "\n", "raw: " + hex[1:], "raw:g" + hex[1:], "raw:raw:" + hex,
	} {
		if d, err := digest.Parse(text); !errors.Is(err, digest.ErrText) || !d.IsZero() {
			t.Errorf("%q: %v %v", text, d, err)
		}
	}
}

// FuzzParse holds that a digest has one text only.
func FuzzParse(f *testing.F) {
	f.Add(empty)
	f.Add("jcs+dectext:" + strings.Repeat("0a", 32))
	f.Add("raw:" + strings.Repeat("A", 64))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := digest.Parse(text)
		if err == nil && d.String() != text {
			t.Errorf("%q is read, and written as %q", text, d)
		}
	})
}
