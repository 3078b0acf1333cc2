package store

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// Time is a time as it lies in an INTEGER column: microseconds since 1970, UTC; the zero time is 0, and 0 is the zero
// time.
type Time struct{ time.Time }

// At wraps t.
func At(t time.Time) Time { return Time{t} }

// Value makes Time a driver.Valuer.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return int64(0), nil
	}
	return t.UnixMicro(), nil
}

// Scan makes Time a sql.Scanner. NULL is the zero time.
func (t *Time) Scan(from any) error {
	switch v := from.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = Time{}
		if v != 0 {
			t.Time = time.UnixMicro(v).UTC()
		}
	default:
		return fmt.Errorf("a time is kept as an INTEGER, not as %T", from)
	}
	return nil
}

// Text makes text from outside fit for both engines: PostgreSQL takes neither zero bytes nor what is not UTF-8.
// Both become U+FFFD.
func Text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
