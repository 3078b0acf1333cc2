package passphrase_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/wardline/wardline/internal/access/passphrase"
)

func TestCheck(t *testing.T) {
	for pass, reason := range map[string]string{
		"copper lantern sings quietly":    "",
		"sehr lange Wörter über Brücken":  "",
		"四つの言葉を並べた長い合言葉です":                "",
		"fourteen chars":                  "15 characters",
		"":                                "15 characters",
		strings.Repeat("long ", 300):      "too long",
		"I am Ines First of the clinic":   "your name",
		"i.n.e.s.f.i.r.s.t is my name":    "your name",
		"Correct Horse Battery Staple":    "tried first",
		"correct-horse-battery-staple-99": "tried first",
		"ThisIsMyPassword!!":              "tried first",
		"aaaaaaaaaaaaaaaaaaaa":            "repeats",
		"hellohellohellohello":            "repeats",
		"abcdefghijklmnopqrst":            "repeats",
		"9876543210987654":                "repeats",
		"qwertyuiopasdfghjkl":             "repeats",
		"               ":                 "repeats",
		"!!!!!!!!!!!!!!!!!!":              "repeats",
		"Ｃｏｒｒｅｃｔ　ｈｏｒｓｅ　ｂａｔｔｅｒｙ　ｓｔａｐｌｅ": "tried first",
	} {
		err := passphrase.Check(pass, "ines.first", "Inés First")
		var weak *passphrase.Weak
		switch {
		case reason == "" && err != nil:
			t.Errorf("a good one: %v", err)
		case reason != "" && (!errors.As(err, &weak) || !strings.Contains(weak.Reason, reason)):
			t.Errorf("not %s: %v", reason, err)
		}
	}
}

func TestHash(t *testing.T) {
	ctx := t.Context()
	h := passphrase.NewHasher(passphrase.DefaultCost())
	hash, err := h.Hash(ctx, "Ångström lantern")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=1$") {
		t.Errorf("costs %s", hash[:30])
	}
	if again, err := h.Hash(ctx, "Ångström lantern"); err != nil || again == hash {
		t.Error("no salt", err)
	}
	for pass, want := range map[string]bool{
		"Ångström lantern":                 true,
		"A\u030Angstro\u0308m lantern":     true, // the same, from another keyboard
		"ångström lantern":                 false,
		"":                                 false,
		strings.Repeat("Ångström ", 10000): false,
	} {
		if ok, err := h.Matches(ctx, pass, hash); err != nil || ok != want {
			t.Errorf("%v, %v", ok, err)
		}
	}
	if ok, err := h.Matches(ctx, "", ""); err != nil || ok {
		t.Errorf("nobody's hash matched: %v", err)
	}
	if _, err := h.Matches(ctx, "x", "$argon2id$broken"); err == nil {
		t.Error("a damaged hash passed")
	}
}

// TestAFloodOfLogins: two hash, so many wait, the others are told to come again.
func TestAFloodOfLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := passphrase.NewHasher(passphrase.Cost{MiB: 1, Passes: 1})
		release := passphrase.Occupy(h)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			all.Go(func() { _, errs[i] = h.Matches(ctx, "x", "") })
		}
		synctest.Wait()
		if _, err := h.Matches(ctx, "x", ""); !errors.Is(err, passphrase.ErrBusy) {
			t.Errorf("one too many: %v", err)
		}
		cancel()
		all.Wait()
		for _, err := range errs {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("who goes away: %v", err)
			}
		}
		release()
		if _, err := h.Matches(t.Context(), "x", ""); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
