package ehrcsv

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// form is how a field of a site's file is written.
type form uint8

const (
	text   form = iota
	ident       // of somebody or something: what a spreadsheet does to it is looked for
	list        // several values in one cell
	day         // without a time of day: written 2006-01-02
	moment      // written with Z
	metres
	amount // without a sign, written with a point
)

// field is one field of row.
type field struct {
	name string
	form form
}

// kind is one kind of file of a site.
type kind struct {
	fields []field
	// happened tells that a row is something that somebody did at a time: it has a field time, and access beside row. Other rows say how things are.
	happened bool
	needed   []string // fields without which a row says nothing
	// content tells that the row is one that another system keeps, as it was read: what it holds stands in the object content, without the columns that say
	// when it was read or changed, and by whom.
	content bool
}

// kindNamed returns what rows of a class hold; nil when there is no such class.
func kindNamed(class string) *kind {
	switch class {
	case "hr/staff":
		return &kind{fields: []field{
			{"staff_id", ident}, {"logins", list}, {"family_name", text}, {"given_name", text}, {"former_names", list}, {"birth_date", day},
			{"street", text}, {"postcode", text}, {"city", text}, {"phone", list}, {"national_id", ident}, {"east_m", metres}, {"north_m", metres},
			{"job_code", text}, {"job_title", text}, {"job_family", text}, {"department", text}, {"service", text}, {"units", list},
			{"manager_id", ident}, {"site", text}, {"employment_type", text}, {"start_date", day}, {"end_date", day}, {"status", text},
			{"suspended_from", moment}, {"kin_names", list}, {"kin_phones", list},
		}}
	case "hr/roster":
		return &kind{fields: []field{{"staff_id", ident}, {"unit", text}, {"start", moment}, {"end", moment}, {"kind", text}, {"covers", ident}}}
	case "hr/location":
		return &kind{fields: []field{{"unit", text}, {"title", text}, {"department", text}, {"service", text}, {"building", text}, {"site", text}}}
	case "hr/list":
		return &kind{fields: []field{
			{"kind", text}, {"reference", text}, {"patient_id", ident}, {"authority", text}, {"visit", ident}, {"who", text}, {"who_kind", text},
			{"label", text}, {"from", moment}, {"to", moment}, {"entered_by", text}, {"status", text},
		}}
	case "records/row":
		return &kind{content: true, needed: []string{"table", "key"}, fields: []field{
			{"time", moment}, {"system", text}, {"table", text}, {"sort", text}, {"key", ident}, {"version", text}, {"updated", text}, {"by", text}, {"patient", ident}, {"authority", text}, {"count", amount},
		}}
	case cabinet:
		return &kind{happened: true, needed: []string{"time", "type", "user"}, fields: []field{
			{"time", moment}, {"station", text}, {"type", text}, {"user", ident}, {"witness", ident}, {"patient", ident}, {"authority", text}, {"visit", ident},
			{"drug", text}, {"name", text}, {"amount", amount}, {"unit", text}, {"expected", amount}, {"counted", amount}, {"order", text},
		}}
	}
	return nil
}

// cabinet is the class of the logs of drug cabinets.
const cabinet = "pharmacy/cabinet"

func (k *kind) names() []string {
	var names []string
	for _, f := range k.fields {
		names = append(names, f.name)
	}
	return names
}

// numbers are the fields that spreadsheets damage.
func (k *kind) numbers() []string {
	var names []string
	for _, f := range k.fields {
		if f.form == ident {
			names = append(names, f.name)
		}
	}
	return names
}

// site writes the object row. The reason says what of it cannot be read; then the row is not taken.
func (d *decoder) site(m *Mapping) (reason string) {
	d.b.Object("row")
	defer d.b.End()
	for _, f := range m.kind.fields {
		value := d.cell(f.name)
		if value == "" {
			value = m.Constant[f.name]
		}
		if ours, ok := m.Values[f.name][value]; ok {
			value = ours
		}
		if value == "" {
			if slices.Contains(m.kind.needed, f.name) {
				return d.bad(f.name, "nothing, and without it the row says nothing")
			}
			continue
		}
		switch f.form {
		case list:
			d.b.Strings(f.name, split(value, m.Separator))
		case day, moment:
			written, ok := d.siteTime(value, f.form)
			if !ok {
				return d.bad(f.name, "no time that this mapping can read")
			}
			if written != "" {
				d.b.String(f.name, written)
			}
		case metres:
			if _, err := strconv.ParseFloat(value, 64); err != nil {
				return d.bad(f.name, "no number")
			}
			d.b.String(f.name, value)
		case amount:
			written, ok := amountOf(value)
			if !ok {
				return d.bad(f.name, "no amount")
			}
			d.b.String(f.name, written)
		default:
			d.b.String(f.name, value)
		}
	}
	if m.kind.content {
		d.content()
	}
	return ""
}

// content writes what a row holds that another system keeps, column by column.
func (d *decoder) content() {
	aside := map[int]bool{}
	for _, f := range []string{"time", "version", "updated", "by"} {
		for _, i := range d.layout.columns[f] {
			aside[i] = true
		}
	}
	d.b.Object("content")
	for i, c := range d.records.cells {
		if i < len(d.names) && !aside[i] {
			d.b.String(d.names[i], c)
		}
	}
	d.b.End()
}

// amountOf reads 2, 0.5 and 0,5. What has both signs may be thousands or not, and is refused.
func amountOf(value string) (string, bool) {
	const longest = 32
	written := strings.Replace(value, ",", ".", 1)
	n, err := strconv.ParseFloat(written, 64)
	if err != nil || len(value) > longest || !(n >= 0 && n < 1e12) {
		return "", false
	}
	return strconv.FormatFloat(n, 'f', -1, 64), true
}

// act writes what somebody did as all clinical events have it.
func (d *decoder) act() {
	a := &d.access
	a.Reset()
	a.NativeAction, a.User, a.Workstation = d.cell("type"), d.cell("user"), d.cell("station")
	a.AddPatient(d.cell("patient"))
	a.Encounter, a.ObjectKind, a.ObjectID = d.cell("visit"), "med", d.cell("order")
	a.PatientsCount = len(a.Patient)
	d.b.Access(a)
}

// split cuts a cell with several values; no cell has hundreds.
func split(value, separator string) []string {
	const most = 64
	parts := strings.SplitN(value, separator, most+1)
	parts = parts[:min(len(parts), most)]
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// siteTime writes a day as one, and a moment in UTC; nothing for the last day of the year 9999, which means never. A moment that is
// given as a day is one.
func (d *decoder) siteTime(value string, f form) (written string, ok bool) {
	for _, layout := range append([]string{time.DateOnly}, d.layout.mapping.Layouts...) {
		if strings.Contains(layout, "04") { // minutes
			continue
		}
		if t, err := time.Parse(layout, value); err == nil {
			if t.Year() >= 9999 {
				return "", true
			}
			return t.Format(time.DateOnly), true
		}
	}
	t, ok := d.parseTime(value)
	switch {
	case !ok || isDigits(value): // seconds since 1970 are not what people write into such files
		return "", false
	case t.Year() >= 9999:
		return "", true
	case f == day && isZoned(value):
		return t.Format(time.DateOnly), true
	case f == day: // a clock at midnight, as databases export days
		return t.In(zoneOr(d.zone())).Format(time.DateOnly), true
	}
	return t.UTC().Format(time.RFC3339), true
}

func zoneOr(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// bad says which column holds what cannot be read.
func (d *decoder) bad(target, what string) string {
	for _, i := range d.layout.columns[target] {
		return fmt.Sprintf("column %d: %s", i+1, what)
	}
	return what
}
