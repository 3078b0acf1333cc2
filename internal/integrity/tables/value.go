package tables

import (
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// holds says what a column holds, in the words of Table.Types.
type holds string

const (
	holdsText      holds = "text"
	holdsChar      holds = "char"
	holdsInteger   holds = "integer"
	holdsDecimal   holds = "decimal"
	holdsFloat     holds = "float"
	holdsReal      holds = "real"
	holdsBoolean   holds = "boolean"
	holdsBytes     holds = "bytes"
	holdsTimestamp holds = "timestamp" // one moment
	holdsWall      holds = "wall"      // what a clock on a wall of the zone shows
	holdsDate      holds = "date"
	holdsClock     holds = "clock" // a time of day
)

func kindNames() []string {
	return []string{"text", "char", "integer", "decimal", "float", "real", "boolean", "bytes", "timestamp", "wall", "date", "clock"}
}

// isTime tells whether that tells a day and a time of it.
func (h holds) isTime() bool { return h == holdsTimestamp || h == holdsWall }

func kindNamed(word string) (holds, bool) { return holds(word), slices.Contains(kindNames(), word) }

// canonical returns the value that a driver gave as v. What cannot be what the column holds, such as MySQL's day 0000-00-00 or
// PostgreSQL's infinity, becomes the text that it is: nothing is lost, and it differs from everything else.
func canonical(h holds, zone *time.Location, v any) value {
	if v == nil {
		return value{}
	}
	switch h {
	case holdsChar:
		return value{Kind: digest.Char, Text: text(v)}
	case holdsInteger:
		return integer(v)
	case holdsDecimal:
		return value{Kind: digest.Decimal, Text: text(v)}
	case holdsFloat:
		return float(v, digest.Float)
	case holdsReal:
		return float(v, digest.Real)
	case holdsBoolean:
		return boolean(v)
	case holdsBytes:
		if b, ok := v.([]byte); ok {
			return value{Kind: digest.Bytes, Bytes: b}
		}
		return value{Kind: digest.Bytes, Bytes: []byte(text(v))}
	case holdsTimestamp, holdsWall:
		return moment(h, zone, v)
	case holdsDate:
		return date(v)
	case holdsClock:
		return value{Kind: digest.Text, Text: clock(text(v))}
	}
	return value{Kind: digest.Text, Text: text(v)}
}

// text is what a driver gave, as text.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// integer keeps whole numbers beyond 64 bits as decimals without a scale.
func integer(v any) value {
	switch v := v.(type) {
	case int64:
		return value{Kind: digest.Integer, Integer: v}
	case bool:
		return as(boolean(v), digest.Integer)
	}
	s := text(v)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return value{Kind: digest.Integer, Integer: n}
	}
	if digits := strings.TrimPrefix(s, "-"); digits != "" && strings.Trim(digits, "0123456789") == "" {
		return value{Kind: digest.Decimal, Text: s}
	}
	return value{Kind: digest.Text, Text: s}
}

func as(v value, k digest.Kind) value {
	v.Kind = k
	return v
}

func float(v any, k digest.Kind) value {
	switch v := v.(type) {
	case float64:
		return value{Kind: k, Float: v}
	case float32:
		return value{Kind: k, Float: float64(v)}
	}
	s := text(v)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return value{Kind: digest.Text, Text: s}
	}
	return value{Kind: k, Float: f}
}

// boolean takes what databases mean by true and false. MySQL's are numbers: one that is neither 0 nor 1 stays a number.
func boolean(v any) value {
	switch text(v) {
	case "0", "false", "f", "\x00":
		return value{Kind: digest.Boolean}
	case "1", "true", "t", "\x01":
		return value{Kind: digest.Boolean, Integer: 1}
	}
	return integer(v)
}

// moment reads times. A clock of the zone never shows some times, in the hour that summer time leaves out: such a value stays
// text, or it would be the same as another one.
func moment(h holds, zone *time.Location, v any) value {
	t, isTime := v.(time.Time)
	s := ""
	if !isTime {
		var ok bool
		s = text(v)
		if t, ok = parseTime(s); !ok {
			return value{Kind: digest.Text, Text: s}
		}
	}
	if h == holdsWall {
		shown := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
		if shown.Format(wallClock) != t.Format(wallClock) {
			return value{Kind: digest.Text, Text: t.Format(wallClock)}
		}
		t = shown
	}
	return value{Kind: digest.Timestamp, Time: t}
}

// wallClock is how times without a zone are written, for the databases too.
const wallClock = "2006-01-02 15:04:05.999999"

func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func date(v any) value {
	if t, ok := v.(time.Time); ok {
		return value{Kind: digest.Date, Time: t}
	}
	s := text(v)
	day, rest, _ := strings.Cut(strings.Replace(s, "T", " ", 1), " ")
	t, err := time.Parse(time.DateOnly, day)
	if err != nil || strings.Trim(rest, "0:.Z") != "" {
		return value{Kind: digest.Text, Text: s}
	}
	return value{Kind: digest.Date, Time: t}
}

// clock writes a time of day with six digits behind the second, as one database does and another does not.
func clock(s string) string {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil { // SQL Server's driver gives a day along
		return t.Format("15:04:05.000000")
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) < 8 || len(fraction) > 6 || strings.Trim(fraction, "0123456789") != "" {
		return s
	}
	return whole + "." + (fraction + "000000")[:6]
}

// fromText is the value that a person has written, or that a Field shows.
func (c *column) fromText(s string) value {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil && (c.holds == holdsWall || c.holds == holdsTimestamp) {
		return value{Kind: digest.Timestamp, Time: t}
	}
	if b, err := hex.DecodeString(s); err == nil && c.holds == holdsBytes {
		return value{Kind: digest.Bytes, Bytes: b}
	}
	return canonical(c.holds, c.zone, s)
}

// Field is a column of a row that changed, as people read it.
type Field struct {
	Column string
	Text   string
	Null   bool // the database has no value there, which an empty text is not
}

// field makes a column of a canonical row fit to be shown.
func (f parsedField) field() Field {
	out := Field{Column: f.Column, Text: f.Text, Null: f.Tag == 'n'}
	switch f.Tag {
	case 'u':
		if t, ok := f.time(); ok {
			out.Text = t.Format(time.RFC3339Nano)
		}
	case 'b':
		out.Text = strconv.FormatBool(f.Text != "0")
	case 'x':
		out.Text = fmt.Sprintf("%x", f.Text)
	case 't':
		out.Text = strings.ToValidUTF8(f.Text, string(utf8.RuneError))
	}
	return out
}

func (f parsedField) time() (time.Time, bool) {
	micro, err := strconv.ParseInt(f.Text, 10, 64)
	return time.UnixMicro(micro).UTC(), f.Tag == 'u' && err == nil
}

// compare orders two values of one column; false when that makes no sense. Numbers go by their value, everything else by its bytes.
func (f parsedField) compare(g parsedField) (int, bool) {
	switch {
	case f.Tag == 'n' || g.Tag == 'n':
		return 0, f.Tag == g.Tag
	case isNumber(f.Tag) && isNumber(g.Tag):
		return compareNumbers(f.Text, g.Text)
	case f.Tag != g.Tag:
		return 0, false
	}
	return strings.Compare(f.Text, g.Text), true
}

func isNumber(tag byte) bool { return strings.IndexByte("idu", tag) >= 0 }

// same tells whether two values mean the same although an upgrade gave their column another type: a number with more digits
// behind the point, a number that has become text.
func (f parsedField) same(g parsedField) bool {
	if f.Tag == g.Tag && f.Text == g.Text {
		return true
	}
	if f.Tag == 'n' || g.Tag == 'n' {
		return false
	}
	if c, ok := compareNumbers(f.Text, g.Text); ok && strings.IndexByte("ufxc", f.Tag) < 0 && strings.IndexByte("ufxc", g.Tag) < 0 {
		return c == 0 && (f.Tag != 't' || g.Tag != 't')
	}
	return f.Tag != g.Tag && f.field().Text == g.field().Text
}

// compareNumbers compares decimals of any length by their digits.
func compareNumbers(a, b string) (int, bool) {
	number := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	if !number.MatchString(a) || !number.MatchString(b) {
		return 0, false
	}
	a, b = parsedOf("", value{Kind: digest.Decimal, Text: a}).Text, parsedOf("", value{Kind: digest.Decimal, Text: b}).Text
	minusA, minusB := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-")
	switch {
	case minusA && !minusB:
		return -1, true
	case !minusA && minusB:
		return 1, true
	case minusA:
		a, b = b[1:], a[1:]
	}
	wholeA, fractionA, _ := strings.Cut(a, ".")
	wholeB, fractionB, _ := strings.Cut(b, ".")
	if len(wholeA) != len(wholeB) {
		return len(wholeA) - len(wholeB), true
	}
	if c := strings.Compare(wholeA, wholeB); c != 0 {
		return c, true
	}
	return strings.Compare(strings.TrimRight(fractionA, "0"), strings.TrimRight(fractionB, "0")), true
}
