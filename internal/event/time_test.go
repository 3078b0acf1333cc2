package event_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/event"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-01T10:20:30Z":              "2026-03-01T10:20:30Z",
		"2026-03-01 10:20:30":               "2026-03-01T10:20:30Z",
		"2026-03-01 10:20:30.5":             "2026-03-01T10:20:30.5Z",
		"2026-03-01T10:20:30.123456789Z":    "2026-03-01T10:20:30.123456789Z",
		"2026-03-01T10:20:30.1234567891Z":   "2026-03-01T10:20:30.123456789Z",
		"2026-03-01T10:20:30,25+02:00":      "2026-03-01T08:20:30.25Z",
		"2026-03-01T10:20:30.000001+0000":   "2026-03-01T10:20:30.000001Z",
		"2026-03-01T10:20:30-0530":          "2026-03-01T15:50:30Z",
		"2026-03-01T10:20:30+01":            "2026-03-01T09:20:30Z",
		"2026-03-01 10:20:30 UTC":           "2026-03-01T10:20:30Z",
		"2026-03-01T10:20":                  "2026-03-01T10:20:00Z",
		"2026/03/01 10:20:30":               "2026-03-01T10:20:30Z",
		"2016-12-31T23:59:60Z":              "2017-01-01T00:00:00Z",
		"1772360430":                        "2026-03-01T10:20:30Z",
		"1772360430.25":                     "2026-03-01T10:20:30.25Z",
		"1772360430250":                     "2026-03-01T10:20:30.25Z",
		"1772360430250000":                  "2026-03-01T10:20:30.25Z",
		"1772360430250000000":               "2026-03-01T10:20:30.25Z",
		"/Date(1772360430250)/":             "2026-03-01T10:20:30.25Z",
		"":                                  "",
		"2026":                              "",
		"2026-02-31T10:20:30Z":              "",
		"2026-13-01T10:20:30Z":              "",
		"2026-03-01T24:20:30Z":              "",
		"2026-03-01T10:20:30X":              "",
		"2026-03-01T10:20:30+1":             "",
		"2026-03-01T10:20:30.Z":             "",
		"2026-03-01x10:20:30Z":              "",
		"17723604x0":                        "",
		"99999999999999999999999999999":     "",
		"1772360430.":                       "",
		"/Date()/":                          "",
		"Sunday the first, at twenty past ": "",
	} {
		got, ok := event.ParseTime([]byte(text))
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v %v, want %s", text, got, ok, want)
		}
	}
	text := []byte("2026-03-01T10:20:30.123456Z")
	if n := testing.AllocsPerRun(100, func() { event.ParseTime(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParseTime holds the parser against the standard library where both speak the same language.
func FuzzParseTime(f *testing.F) {
	f.Add("2026-03-01T10:20:30.25+01:00")
	f.Add("1772360430.25")
	f.Add("/Date(1772360430250)/")
	f.Add("0001-01-01T00:00:00Z")
	f.Fuzz(func(t *testing.T, text string) {
		var got time.Time
		var ok bool
		formattest.Cost{Fixed: 64 << 10, PerByte: 2}.Check(t, len(text), func() { got, ok = event.ParseTime([]byte(text)) })
		if got.Location() != time.UTC || !ok && !got.IsZero() {
			t.Fatalf("%v %v", got, ok)
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || isLoose(text) {
			return
		}
		if !ok || !got.Equal(want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// isLoose tells what the library reads and RFC 3339 does not allow: hours of one digit, and offsets of
// 24 hours or 60 minutes.
func isLoose(text string) bool {
	offset := text[len(text)-len("24:00"):]
	return text[len("2006-01-02T15")] != ':' || !strings.HasSuffix(text, "Z") && (offset[:2] == "24" || offset[3:] == "60")
}

// Every day of some centuries, and those that no calendar has.
func TestParseTimeKnowsTheCalendar(t *testing.T) {
	for _, year := range []int{0, 1, 399, 400, 1600, 1899, 1900, 1969, 1970, 1999, 2000, 2024, 2025, 2100, 9999} {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= 31; day++ {
				want := time.Date(year, time.Month(month), day, 23, 59, 0, 0, time.UTC)
				got, ok := event.ParseTime(fmt.Appendf(nil, "%04d-%02d-%02d 23:59", year, month, day))
				if ok != (want.Day() == day) || ok && !got.Equal(want) {
					t.Fatalf("%04d-%02d-%02d: %v %t, want %v", year, month, day, got, ok, want)
				}
			}
		}
	}
}

func TestInZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, clock, near, want string }{
		{"winter", "2026-01-10T12:00:00Z", "", "2026-01-10T11:00:00Z"},
		{"summer", "2026-07-10T12:00:00Z", "", "2026-07-10T10:00:00Z"},
		{"the hour that is left out", "2026-03-29T02:30:00Z", "", "2026-03-29T01:30:00Z"},
		{"before the hour that shows twice", "2026-10-25T01:59:59Z", "2026-10-25T01:30:00Z", "2026-10-24T23:59:59Z"},
		{"an hour that shows twice, received in its first", "2026-10-25T02:30:00Z", "2026-10-25T00:31:00Z", "2026-10-25T00:30:00Z"},
		{"an hour that shows twice, received in its second", "2026-10-25T02:30:00Z", "2026-10-25T01:31:00Z", "2026-10-25T01:30:00Z"},
		{"an hour that shows twice, received nobody knows when", "2026-10-25T02:30:00Z", "", "2026-10-25T00:30:00Z"},
		{"after it", "2026-10-25T03:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"},
	} {
		clock, err := time.Parse(time.RFC3339, tt.clock)
		if err != nil {
			t.Fatal(err)
		}
		near, _ := time.Parse(time.RFC3339, tt.near)
		if got := event.InZone(clock, berlin, near).Format(time.RFC3339); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC); !event.InZone(noon, nil, time.Time{}).Equal(noon) {
		t.Error("no zone is UTC")
	}
}
