package report_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/report"
)

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		p := report.StartProgress(&b, func() (int64, int64, int64) { return 4_000_000, 10_000_000, 100_000 }, 80)
		time.Sleep(2100 * time.Millisecond)
		p.Stop()
		p.Stop()
		lines := strings.Split(b.String(), "\r")
		if len(lines) != 13 { // before the first \r, ten ticks, the wiped line, after the last \r
			t.Errorf("%d lines in two seconds, want 13", len(lines))
		}
		if got, want := lines[10], "Reading   40 %  4.0 MB of 10.0 MB  50,000 events/s  3.0 s left"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if strings.TrimSpace(lines[11]) != "" || lines[12] != "" {
			t.Error("the line is not wiped at the end")
		}
	})
}

func TestProgressOfUnknownSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		p := report.StartProgress(&b, func() (int64, int64, int64) { return 1500, 0, 3 }, 30)
		time.Sleep(1050 * time.Millisecond)
		p.Stop()
		if !strings.Contains(b.String(), "\rReading  1.5 kB  3 events/s") {
			t.Errorf("got %s", b.String())
		}
	})
}
