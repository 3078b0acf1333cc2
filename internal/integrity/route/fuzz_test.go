package route_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/integrity/route"
)

// FuzzHear tells a route of anything that parses. The same message at both points differs in nothing, and the books balance.
func FuzzHear(f *testing.F) {
	for _, s := range []string{msh("1") + "\r" + pid + "\r" + obr + "\r" + obx("4.1"), msh("2") + "\r" + pid, msh(""), msh("3") + "\r" + pid + "\r" + obr + "\r" + obr + "\rNTE|1||x~y^z&a\\T\\"} {
		f.Add([]byte(s), []byte(s))
		f.Add([]byte(s), bytes.Replace([]byte(s), []byte("4.1"), []byte("^~&"), 1))
	}
	f.Fuzz(func(t *testing.T, front, behind []byte) {
		lim := hl7.Limits{Bytes: 1 << 14, Segments: 64}
		a, err1 := hl7.Parse(front, lim)
		b, err2 := hl7.Parse(behind, lim)
		if err1 != nil || err2 != nil {
			return
		}
		at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		r := route.New(route.Config{Learn: time.Nanosecond})
		r.Hear(route.Before, &a, "1", at)
		if out := append(r.Hear(route.After, &a, "2", at.Add(time.Second)), r.Tick(at.Add(time.Minute))...); len(out) > 0 {
			t.Fatalf("a message differs from itself: %q", said(out))
		}
		r.Hear(route.After, &b, "3", at.Add(2*time.Minute))
		r.Hear(route.Before, &b, "4", at.Add(3*time.Minute))
		r.Tick(at.Add(48 * time.Hour))
		if c := r.Counts(); c.After != c.Paired+c.Unpaired+c.Forgotten {
			t.Fatalf("books do not balance: %+v", c)
		}
	})
}
