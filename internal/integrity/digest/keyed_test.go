package digest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/digest"
)

func site(t *testing.T, fill byte) *digest.Site {
	t.Helper()
	s, err := digest.NewSite(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The keyed form of one digest, made by hand from HMAC alone: HKDF is two of them (RFC 5869 2.2 and 2.3).
func TestKeyedExample(t *testing.T) {
	mac := func(key, text []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(text)
		return h.Sum(nil)
	}
	var salt digest.Salt
	salt[0] = 7
	d := digest.Of(digest.Raw, []byte("0042"))
	secret := mac(salt[:], bytes.Repeat([]byte{1}, 32))
	key := mac(secret, []byte("wardline integrity record key 1\x00Patient/0042\x01"))
	want := "hmac:raw:" + hex.EncodeToString(mac(key, append([]byte("raw\x00"), d.Sum[:]...)))
	if diff := cmp.Diff(site(t, 1).Record("Patient/0042", salt).Seal(d).String(), want); diff != "" {
		t.Error(diff)
	}
}

// A keyed digest is opened by the same site, record, salt, form and content, and by nothing else.
func TestOpens(t *testing.T) {
	salt := digest.NewSalt()
	d := digest.Of(digest.Assert1, []byte("blood group A"))
	sealed := site(t, 1).Record("7", salt).Seal(d)
	if !site(t, 1).Record("7", salt).Opens(sealed, d) {
		t.Error("not opened by what sealed it")
	}
	for name, opened := range map[string]bool{
		"another site":    site(t, 2).Record("7", salt).Opens(sealed, d),
		"another record":  site(t, 1).Record("8", salt).Opens(sealed, d),
		"another salt":    site(t, 1).Record("7", digest.NewSalt()).Opens(sealed, d),
		"no salt":         site(t, 1).Record("7", digest.Salt{}).Opens(sealed, d),
		"another content": site(t, 1).Record("7", salt).Opens(sealed, digest.Of(digest.Assert1, []byte("blood group B"))),
		"another form":    site(t, 1).Record("7", salt).Opens(sealed, digest.Digest{Label: digest.Raw, Sum: d.Sum}),
		"relabelled":      site(t, 1).Record("7", salt).Opens(digest.Keyed{Label: digest.Raw, MAC: sealed.MAC}, d),
	} {
		if opened {
			t.Errorf("opened by %s", name)
		}
	}
}

func TestShortSiteKey(t *testing.T) {
	if s, err := digest.NewSite(make([]byte, 31)); !errors.Is(err, digest.ErrKey) || s != nil {
		t.Errorf("%v %v", s, err)
	}
}

func TestKeyedText(t *testing.T) {
	sealed := site(t, 1).Record("7", digest.Salt{}).Seal(digest.Of(digest.Row1, nil))
	text, err := json.Marshal(sealed)
	var back digest.Keyed
	if err != nil || json.Unmarshal(text, &back) != nil || back != sealed {
		t.Errorf("%s is read as %v: %v", text, back, err)
	}
	for _, text := range []string{"", empty, "hmac:", "HMAC:" + empty, "hmac:hmac:" + empty, "hmac:" + strings.ToUpper(empty)} {
		if k, err := digest.ParseKeyed(text); !errors.Is(err, digest.ErrText) || k != (digest.Keyed{}) {
			t.Errorf("%q: %v %v", text, k, err)
		}
	}
}

// A key that is printed by mistake is not told.
func TestRecordKeyIsQuiet(t *testing.T) {
	key := site(t, 1).Record("7", digest.Salt{})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, key); got != "record key" {
			t.Errorf("%s prints %s", format, got)
		}
	}
}
