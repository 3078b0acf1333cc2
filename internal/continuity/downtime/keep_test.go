package downtime_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/continuity/downtime"
)

func key(t testing.TB) (*downtime.Lock, *downtime.Key) {
	t.Helper()
	secret, public, err := downtime.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := downtime.LockFor("# ward\n" + public + "\n")
	if err != nil {
		t.Fatal(err)
	}
	k, err := downtime.KeyOf(secret)
	if err != nil {
		t.Fatal(err)
	}
	return lock, k
}

// TestOnlyTheUnitOpensItsPack: another key, another passphrase, and what was changed or cut short, are told apart, and nothing of the pack is given.
func TestOnlyTheUnitOpensItsPack(t *testing.T) {
	plain := bytes.Repeat([]byte("a pack "), 20_000)
	lock, right := key(t)
	_, other := key(t)
	sealed, err := lock.Seal(plain)
	if err != nil {
		t.Fatal(err)
	}
	words, err := downtime.QuickLock("four words that hold")
	if err != nil {
		t.Fatal(err)
	}
	spoken, err := words.Seal(plain)
	if err != nil {
		t.Fatal(err)
	}
	says := func(text string) *downtime.Key {
		k, err := downtime.KeyFrom(text)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	flip := func(at int) []byte {
		b := slices.Clone(sealed)
		b[at] ^= 1
		return b
	}
	for what, c := range map[string]struct {
		sealed []byte
		key    *downtime.Key
		want   error
		words  string
	}{
		"the unit's key":                  {sealed, right, nil, ""},
		"another unit's key":              {sealed, other, downtime.ErrWrongKey, "another unit's key"},
		"a passphrase for a key's":        {sealed, says("four words that hold"), downtime.ErrWrongKey, "another unit's key"},
		"the passphrase":                  {spoken, says("four words that hold"), nil, ""},
		"another passphrase":              {spoken, says("four words that fail"), downtime.ErrWrongKey, "sealed with a passphrase"},
		"a key for a passphrase's":        {spoken, right, downtime.ErrWrongKey, "sealed with a passphrase"},
		"cut short":                       {sealed[:len(sealed)-100], right, downtime.ErrDamaged, ""},
		"cut at a chunk":                  {sealed[:len(sealed)/2], right, downtime.ErrDamaged, ""},
		"changed at its end":              {flip(len(sealed) - 5), right, downtime.ErrDamaged, ""},
		"changed in the middle":           {flip(len(sealed) / 2), right, downtime.ErrDamaged, ""},
		"nothing":                         {nil, right, downtime.ErrDamaged, ""},
		"something else":                  {[]byte("%PDF-1.7"), right, downtime.ErrDamaged, ""},
		"more behind it":                  {append(slices.Clone(sealed), 'x'), right, downtime.ErrDamaged, ""},
		"a passphrase that takes forever": {bytes.Replace(spoken, []byte(" 10\n"), []byte(" 30\n"), 1), says("four words that hold"), downtime.ErrDamaged, ""},
	} {
		got, err := c.key.Open(bytes.NewReader(c.sealed))
		if c.want == nil {
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s: %d bytes, %v", what, len(got), err)
			}
			continue
		}
		if !errors.Is(err, c.want) || got != nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
	}
	for _, c := range []struct {
		body []byte
		want bool
	}{{spoken, true}, {sealed, false}, {nil, false}} {
		file := filepath.Join(t.TempDir(), "p.age")
		if err := os.WriteFile(file, c.body, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := downtime.NeedsPassphrase(file); err != nil || got != c.want {
			t.Errorf("it is told that a pack is sealed with a passphrase: %t, %v", got, err)
		}
	}
}

// TestKeysThatAreNone are refused, and never quoted.
func TestKeysThatAreNone(t *testing.T) {
	for _, text := range []string{"", "# nothing", "age1qqqq", "AGE-SECRET-KEY-1QQ", strings.Repeat("age1x\n", 50_000)} {
		if _, err := downtime.LockFor(text); !errors.Is(err, downtime.ErrKey) || strings.Contains(err.Error(), "qqqq") {
			t.Errorf("a public key: %v", err)
		}
		if _, err := downtime.KeyOf(text); !errors.Is(err, downtime.ErrKey) || strings.Contains(err.Error(), "1QQ") {
			t.Errorf("a secret key: %v", err)
		}
	}
	if _, err := downtime.LockWith("ward 4W"); !errors.Is(err, downtime.ErrKey) {
		t.Errorf("a short passphrase: %v", err)
	}
	if _, err := downtime.KeyFrom(""); !errors.Is(err, downtime.ErrKey) {
		t.Errorf("no passphrase: %v", err)
	}
}

// TestDeliver: packs come whole into each folder that is there, old ones of the same unit go, and one folder that fails does not keep the others from theirs.
func TestDeliver(t *testing.T) {
	one, two, gone := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "missing")
	at := time.Date(2026, 11, 26, 13, 0, 0, 0, time.UTC)
	other := downtime.FileName("4W-B", at, "pdf") // begins as 4W's packs do
	if err := downtime.Deliver([]string{one}, "4W-B", other, []byte("theirs"), 1); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(one, "pack-4W-notes.pdf.age"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		for _, kind := range []string{"pdf", "html"} {
			name := downtime.FileName("4W", at.Add(time.Duration(i)*time.Hour), kind)
			err := downtime.Deliver([]string{one, gone, two}, "4W", name, []byte{byte(i)}, 2)
			if err == nil || strings.Count(err.Error(), "missing") == 0 {
				t.Errorf("a folder that is not there: %v", err)
			}
		}
	}
	want := []string{"pack-4W-20261126T160000Z.html.age", "pack-4W-20261126T160000Z.pdf.age", "pack-4W-20261126T170000Z.html.age", "pack-4W-20261126T170000Z.pdf.age"}
	for dir, more := range map[string][]string{one: {"pack-4W-notes.pdf.age", other}, two: nil} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		all := append(slices.Clone(want), more...)
		slices.Sort(all)
		if d := cmp.Diff(all, got); d != "" {
			t.Error(d)
		}
	}
	body, err := os.ReadFile(filepath.Join(two, want[3]))
	if err != nil || !bytes.Equal(body, []byte{4}) {
		t.Errorf("the newest is %v, %v", body, err)
	}
}

// TestFileNames keep units apart, whatever they are called, and never leave the folder.
func TestFileNames(t *testing.T) {
	at := time.Date(2026, 11, 26, 13, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for _, unit := range []string{"4W", "4/W", "4 W", "../4W", "4_W", "Ä1", "Ö1", strings.Repeat("x", 300), strings.Repeat("x", 301), ""} {
		name := downtime.FileName(unit, at, "pdf")
		if seen[name] || filepath.Base(name) != name || len(name) > 100 {
			t.Errorf("%.10s: %s", unit, name)
		}
		seen[name] = true
	}
}

// TestOpenFile writes for one person alone, never over another file, and nothing at all when the key is wrong.
func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	lock, right := key(t)
	_, other := key(t)
	sealed, err := lock.Seal([]byte("a pack"))
	if err != nil {
		t.Fatal(err)
	}
	in, out := filepath.Join(dir, "p.age"), filepath.Join(dir, "p.pdf")
	if err := os.WriteFile(in, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := downtime.OpenFile(in, other, out); !errors.Is(err, downtime.ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Error("another key left something")
	}
	if err := downtime.OpenFile(in, right, out); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := downtime.OpenFile(in, right, out); !errors.Is(err, downtime.ErrThere) {
		t.Errorf("over another file: %v", err)
	}
}

func at(minutes int) time.Time {
	return time.Date(2026, 11, 26, 13, minutes, 0, 0, time.UTC)
}

// TestDrill: from the start to the pack in hand, and to the end.
func TestDrill(t *testing.T) {
	d, err := downtime.Start("4W", "it.desk", []string{"Check wristbands", "Call the pharmacist"}, at(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := d.InHand(); ok || !d.Going(at(1)) || d.Complete() {
		t.Error("it is over before it began")
	}
	for step, minute := range []int{4, 9, 12} {
		if err := d.Do(step, at(minute)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Do(0, at(30)); err != nil {
		t.Fatal(err)
	}
	if took, ok := d.InHand(); !ok || took != 4*time.Minute {
		t.Errorf("%s, %t", took, ok)
	}
	if d.Complete() {
		t.Error("complete before its end")
	}
	body, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := downtime.DecodeDrill(body)
	if err != nil || cmp.Diff(d, again) != "" {
		t.Fatalf("%v, %s", err, cmp.Diff(d, again))
	}
	if err := again.End(at(15)); err != nil || !again.Complete() || again.Going(at(16)) {
		t.Errorf("%v, %+v", err, again)
	}
	for what, err := range map[string]error{"a step after the end": again.Do(1, at(20)), "ended twice": again.End(at(20))} {
		if !errors.Is(err, downtime.ErrOver) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, err := range map[string]error{"a step that is none": d.Do(3, at(20)), "before the start": d.Do(1, at(-1)), "an end before the start": d.End(at(-1))} {
		if !errors.Is(err, downtime.ErrDrill) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if d.Going(at(0).Add(25 * time.Hour)) {
		t.Error("a drill that nobody ended goes on for ever")
	}
	if _, err := downtime.Start("4W", "", nil, at(0)); !errors.Is(err, downtime.ErrDrill) {
		t.Errorf("nobody starts it: %v", err)
	}
}

// FuzzDecodeDrill takes no nonsense, and what it takes comes back the same.
func FuzzDecodeDrill(f *testing.F) {
	f.Add([]byte(`{"unit":"4W","started":"2026-11-26T13:00:00Z","by":"x","steps":[{"what":"a","done":"2026-11-26T13:04:00Z"}],"ended":"0001-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := downtime.DecodeDrill(body)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil {
			t.Skip("a year that cannot be written")
		}
		o, err := downtime.DecodeDrill(again)
		if err != nil || cmp.Diff(d, o, cmp.Comparer(time.Time.Equal)) != "" {
			t.Fatalf("%v %s", err, cmp.Diff(d, o))
		}
		d.InHand()
		d.Complete()
	})
}

// TestReadiness in words.
func TestReadiness(t *testing.T) {
	now := time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	fine := downtime.Readiness{Unit: "4W", Data: ago(time.Hour), Printed: ago(5 * time.Hour), Drilled: ago(90 * day), InHand: 4 * time.Minute}
	for what, c := range map[string]struct {
		change func(*downtime.Readiness)
		want   string
		weight int
	}{
		"all is well":    {func(*downtime.Readiness) {}, "Ready", 0},
		"an old pack":    {func(r *downtime.Readiness) { r.Data = ago(9 * time.Hour) }, "Pack is 9 h old", downtime.LacksPack},
		"no pack":        {func(r *downtime.Readiness) { r.Data = time.Time{} }, "No pack was ever made", downtime.LacksPack},
		"no drill":       {func(r *downtime.Readiness) { r.Drilled = time.Time{} }, "No drill was ever held", downtime.LacksDrill},
		"an old drill":   {func(r *downtime.Readiness) { r.Drilled = ago(430 * day) }, "No drill in 14 months", downtime.LacksDrill},
		"a slow drill":   {func(r *downtime.Readiness) { r.InHand = 25 * time.Minute }, "In the last drill it took 25 min to have the pack in hand", downtime.LacksDrill},
		"old paper":      {func(r *downtime.Readiness) { r.Printed = ago(3 * day) }, "Paper is 3 days old", downtime.LacksPaper},
		"a full disk":    {func(r *downtime.Readiness) { r.Failed = 2 }, "2 of its folders could not be written", downtime.LacksFolder},
		"nothing at all": {func(r *downtime.Readiness) { *r = downtime.Readiness{} }, "No pack was ever made; Paper was never printed; No drill was ever held", 11},
	} {
		r := fine
		c.change(&r)
		words, weight := r.Score(now, downtime.UsualLimits())
		if got := strings.Join(words, "; "); got != c.want || weight != c.weight {
			t.Errorf("%s: %q weighs %d, want %q and %d", what, got, weight, c.want, c.weight)
		}
	}
}
