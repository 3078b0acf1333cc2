package ehrcsv

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
)

// cell is the first filled column of those mapped to target.
func (d *decoder) cell(target string) string {
	for _, i := range d.layout.columns[target] {
		if i < len(d.records.cells) {
			if c := strings.TrimSpace(d.records.cells[i]); !isNull(c) {
				return c
			}
		}
	}
	return ""
}

// isNull tells the ways in which databases export nothing.
func isNull(c string) bool {
	return c == "" || c == "NULL" || c == "null" || c == `\N` || c == "(null)"
}

// normalise fills d.access from the row.
func (d *decoder) normalise() {
	a, m := &d.access, d.layout.mapping
	a.Reset()
	a.Verb, a.NativeAction = d.cell("verb"), d.cell("native_action")
	a.User, a.UserName = d.cell("user"), d.cell("user_name")
	a.Role = event.AddCode(a.Role, d.cell("role"))
	a.Purpose = event.AddCode(a.Purpose, d.cell("purpose"))
	a.AddPatient(d.cell("patient"))
	a.Encounter = d.cell("encounter")
	a.ObjectKind, a.ObjectID = d.cell("object_kind"), d.cell("object_id")
	a.StudyUID = event.AddCode(a.StudyUID, d.cell("study_uid"))
	a.Accession = event.AddCode(a.Accession, d.cell("accession"))
	a.Query = d.cell("query")
	a.OriginIP, a.OriginHost = d.cell("origin_ip"), d.cell("origin_host")
	if _, err := netip.ParseAddr(a.OriginIP); err != nil && a.OriginHost == "" {
		a.OriginIP, a.OriginHost = "", a.OriginIP
	}
	a.Workstation, a.AETitle, a.App = d.cell("workstation"), d.cell("ae_title"), d.cell("app")
	a.BreakGlassReason, a.BreakGlassText = d.cell("break_glass_reason"), d.cell("break_glass_text")
	a.Session, a.Corr, a.AuditSource = d.cell("session"), d.cell("corr"), d.cell("audit_source")
	a.Label = event.AddCode(a.Label, d.cell("label"))
	a.Outcome = outcome(m, d.cell("outcome"))
	a.PatientsCount, a.RecordsCount = number(d.cell("patients_count")), number(d.cell("records_count"))
	if a.PatientsCount == 0 {
		a.PatientsCount = len(a.Patient)
	}
	action := d.action()
	a.Background = m.isBackground(action)
	if kind := m.object(action); kind != "" {
		a.ObjectKind = kind
	}
	d.verb()
}

// action is what the mapping's expressions are asked about: no real name of an action is longer.
func (d *decoder) action() string {
	const longest = 1 << 10
	return d.access.NativeAction[:min(len(d.access.NativeAction), longest)]
}

// verb asks the mapping's rules what the native action means.
func (d *decoder) verb() {
	a := &d.access
	r, ok := d.layout.mapping.verb(d.action())
	if !ok {
		return
	}
	if a.Verb == "" {
		a.Verb = r.Verb
	}
	if r.Object != "" {
		a.ObjectKind = r.Object
	}
	if a.Outcome == "" {
		a.Outcome = r.Outcome
	}
	if r.Failed != "" && a.Outcome != "ok" && a.Outcome != "" {
		a.Verb = r.Failed
	}
}

func outcome(m *Mapping, value string) string {
	if word, ok := m.Outcomes[value]; ok {
		return word
	}
	switch v := strings.ToLower(value); {
	case strings.Contains(v, "fail"), strings.Contains(v, "deni"), strings.Contains(v, "error"), strings.Contains(v, "unsuccess"):
		return "serious"
	case strings.Contains(v, "success"), v == "ok":
		return "ok"
	}
	return ""
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<30 {
		return 0
	}
	return n
}

// time is the first of the mapped times that states its offset, else the first that can be read.
func (d *decoder) time() (found time.Time) {
	for _, i := range d.layout.columns["time"] {
		if i >= len(d.records.cells) {
			continue
		}
		text := strings.TrimSpace(d.records.cells[i])
		t, ok := d.parseTime(text)
		if ok && isZoned(text) {
			return t
		}
		if ok && found.IsZero() {
			found = t
		}
	}
	return found
}

// longestTime is longer than any way to write a time.
const longestTime = 128

// isZoned tells 2026-03-01T10:20:30Z and 2026-03-01 10:20:30+01:00 from clock times.
func isZoned(text string) bool {
	const date = len("2026-03-01T")
	return len(text) > date && text[4] == '-' && (strings.HasSuffix(text, "Z") || strings.ContainsAny(text[date:], "+-"))
}

// zone is where clocks stand that state no offset: where the mapping says, else the site's.
func (d *decoder) zone() *time.Location {
	if d.layout.mapping.zone != nil {
		return d.layout.mapping.zone
	}
	return d.o.Zone
}

// parseTime reads clock times of the file's zone, and those that state an offset.
func (d *decoder) parseTime(text string) (time.Time, bool) {
	if len(text) > longestTime {
		return time.Time{}, false
	}
	if !isZoned(text) {
		for _, layout := range slices.Concat(clocks(), d.layout.mapping.Layouts) {
			if t, err := time.Parse(layout, text); err == nil {
				return event.InZone(t, d.zone(), time.Time{}), true
			}
		}
	}
	return event.ParseTime([]byte(text))
}

// clocks are the layouts that are read in every file.
func clocks() []string {
	return []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04"}
}

// anyTime looks for a time in a file that fits no mapping.
func (d *decoder) anyTime() time.Time {
	for i, name := range d.names {
		if i == len(d.records.cells) {
			break
		}
		if name = strings.ToLower(name); strings.Contains(name, "time") || strings.Contains(name, "date") {
			if t, ok := event.ParseTime([]byte(strings.TrimSpace(d.records.cells[i]))); ok {
				return t
			}
		}
	}
	return time.Time{}
}

// inspect says what is wrong with the row, if anything: its width, or the mark of a spreadsheet
// on an identifier.
func (d *decoder) inspect() string {
	cells := d.records.cells
	if n := len(d.names); n > 0 && (len(cells) < n || strings.Join(cells[n:], "") != "") {
		return fmt.Sprintf("%d columns instead of %d", len(cells), n)
	}
	numbers := []string{"patient", "encounter", "user", "accession"}
	if m := d.layout.mapping; m != nil && m.kind != nil {
		numbers = m.kind.numbers()
	}
	for _, target := range numbers {
		for _, i := range d.layout.columns[target] {
			if reason := d.identifier(i, strings.TrimSpace(cells[i])); reason != "" {
				return reason
			}
		}
	}
	return ""
}

func (d *decoder) identifier(i int, id string) string {
	if isScientific(id) {
		return fmt.Sprintf("column %d: an identifier in scientific notation", i+1)
	}
	if !isDigits(id) {
		return ""
	}
	if id[0] == '0' && len(id) > d.widths[i] {
		d.widths[i] = len(id)
	}
	if id[0] != '0' && len(id) < d.widths[i] {
		return fmt.Sprintf("column %d: an identifier that may have lost its leading zeros", i+1)
	}
	return ""
}

// isScientific tells 1.23E+11 and 1,23E+11.
func isScientific(id string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(id), "E+")
	whole, fraction, _ := strings.Cut(strings.Replace(mantissa, ",", ".", 1), ".")
	return ok && len(whole) == 1 && isDigits(whole) && (fraction == "" || isDigits(fraction)) && isDigits(exponent)
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
