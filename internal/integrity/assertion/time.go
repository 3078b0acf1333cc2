package assertion

import (
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
)

// Times are written to the second in UTC; what is known to the day, the month or the year only stays so, for a day has no UTC.
const (
	toDay   = "2006-01-02"
	toMonth = "2006-01"
	toYear  = "2006"
)

// hl7Time writes a time stamp of HL7. What is none stays as it is written, so that a change of it is seen.
func (r *Rules) hl7Time(text string) string {
	t, zoned, ok := hl7.ParseTime(text)
	if !ok {
		return text
	}
	digits := text
	if i := strings.IndexAny(text, "+-."); i >= 0 {
		digits = text[:i]
	}
	switch len(digits) {
	case 4:
		return digits
	case 6:
		return digits[:4] + "-" + digits[4:]
	case 8:
		return digits[:4] + "-" + digits[4:6] + "-" + digits[6:]
	}
	if !zoned {
		t = r.local(t)
	}
	return utc(t)
}

// local is the time that a clock of the site shows as t.
func (r *Rules) local(t time.Time) time.Time {
	if r.Zone == nil {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), r.Zone)
}

// isoTime writes a time of FHIR or of a table, likewise.
func (r *Rules) isoTime(text string) string {
	for _, layout := range []string{toDay, toMonth, toYear} {
		if _, err := time.Parse(layout, text); err == nil {
			return text
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return utc(t)
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return utc(r.local(t))
		}
	}
	return text
}

func utc(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
