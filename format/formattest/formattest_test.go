package formattest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
)

// failure is a test that notes whether it failed.
type failure struct {
	testing.TB
	failed bool
}

func (f *failure) Helper()               { /* no line of ours is at fault */ }
func (f *failure) Error(...any)          { f.failed = true }
func (f *failure) Errorf(string, ...any) { f.failed = true }

func TestCost(t *testing.T) {
	var kept []byte
	for _, tt := range []struct {
		bytes  int
		failed bool
	}{{0, false}, {1 << 19, false}, {3 << 20, true}} {
		f := &failure{TB: t}
		formattest.Cost{Fixed: 1 << 20, PerByte: 10}.Check(f, 1<<10, func() { kept = make([]byte, tt.bytes) })
		if f.failed != tt.failed {
			t.Errorf("%d bytes: failed %v", len(kept), f.failed)
		}
	}
}

func TestQuiet(t *testing.T) {
	text := string(formattest.Plant([]byte("patient 0042")))
	for err, failed := range map[error]bool{
		nil: false, errors.New("at byte 7: too long"): false, errors.New("bad " + text): true, errors.New(strings.Repeat("x", 300)): true,
	} {
		f := &failure{TB: t}
		if formattest.Quiet(f, err); f.failed != failed {
			t.Errorf("%v: failed %v", err, f.failed)
		}
	}
}
