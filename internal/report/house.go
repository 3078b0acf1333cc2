package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// HousePreview is what the files of a hospital would tell a node about it.
type HousePreview struct {
	Files []HouseFiles
	Bytes int64
	// PassedOver counts files of no format that is known.
	PassedOver int64
	Facts      map[string]int64 // by kind
	Authority  string           // whose numbers of patients are taken to be that stand alone

	Patients, Merged, Units, Homeless int64 // Homeless of Units belong to no department
	Staff, NoLogin                    int64
	Shifts, Strange                   int64 // Strange of Shifts are of people whom HR does not know

	// Accesses are rows of access logs: by accounts that HR knows, of patients who are known, and both. NoPatient of them name none.
	Accesses, Accounts, Known, Both, NoPatient int64
}

// HouseFiles is one delimited file, or all messages or resources of a folder.
type HouseFiles struct {
	Name, Format   string
	Files          int64
	Mapping, Class string // of delimited files; empty when no mapping fits
	Used           []HouseColumn
	Ignored        []string
	Records        int64
	Unread         int64 // records that could not be understood
	Damaged        int64
	Damage         []string // the first reasons
	Facts          map[string]int64
}

// HouseColumn is one column and the field that it fills.
type HouseColumn struct{ Column, Field string }

// House writes a preview for a person at a terminal: what would be known, then file by file, then what is missing.
func House(w io.Writer, p *HousePreview, o Options) error {
	t := newTable(w, &Run{}, o)
	t.paragraph("1", p.answer(), 0, 4)
	t.paragraph("2", p.aside(), 0, 4)
	for i := range p.Files {
		t.houseFiles(&p.Files[i])
	}
	t.missing(p)
	return t.w.Flush()
}

func (p *HousePreview) answer() string {
	var files, records int64
	for _, f := range p.Files {
		files += f.Files
		records += f.Records
	}
	if files == 0 {
		return "Nothing was read that says something about a hospital."
	}
	return fmt.Sprintf("%s in %s would tell of %s, %s in HR and %s.", Plural(records, "record"), Plural(files, "file"),
		Plural(p.Patients, "patient"), people(p.Staff), Plural(p.Units, "unit"))
}

func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return number(n) + " people"
}

func (p *HousePreview) aside() string {
	s := "Nothing was kept."
	if p.Merged > 0 {
		s += " " + Plural(p.Merged, "record") + " of patients lead to another."
	}
	if p.Authority != "" {
		s += " Numbers of patients that stand alone are taken for those of " + clean(p.Authority, 60) + "."
	}
	if p.PassedOver > 0 {
		s += " " + Plural(p.PassedOver, "file") + " of no format that is known."
	}
	return s
}

func (t *table) houseFiles(f *HouseFiles) {
	t.line("", "")
	what := map[string]string{"hl7": "HL7 messages", "mllp": "HL7 messages", "json": "JSON", "fhir-xml": "FHIR in XML"}[f.Format]
	count := Plural(f.Records, "record")
	switch {
	case f.Mapping != "":
		what = f.Class + ", read by the mapping " + clean(f.Mapping, 60)
		count = Plural(f.Records, "row")
	case f.Format == "csv":
		what = "no mapping fits: nothing is understood"
		count = Plural(f.Records, "row")
	case what == "":
		what = f.Format
	}
	if f.Files > 1 {
		what += " in " + Plural(f.Files, "file")
	}
	name := clean(f.Name, 300)
	t.line("1", "  "+pad(name, max(0, t.width-4-columns(count))), "  "+count)
	t.paragraph("", what, 4, 2)
	if s := facts(f.Facts); s != "" {
		t.paragraph("", "says: "+s, 4, 4)
	} else if isContext := f.Format != "csv" || f.Mapping != "" && f.Class != "ehr/audit"; f.Records > 0 && isContext {
		t.paragraph("33", "says nothing about the house", 4, 1)
	}
	if len(f.Used) > 0 {
		t.paragraph("2", "uses "+Plural(int64(len(f.Used)), "column")+": "+used(f.Used), 4, 8)
	}
	if len(f.Ignored) > 0 {
		t.paragraph("", "ignores "+Plural(int64(len(f.Ignored)), "column")+": "+clean(strings.Join(f.Ignored, ", "), 600), 4, 4)
	}
	if f.Unread > 0 {
		t.paragraph("33", Plural(f.Unread, "record")+" could not be understood", 4, 1)
	}
	t.damage(f)
}

func (t *table) damage(f *HouseFiles) {
	if f.Damaged == 0 {
		return
	}
	t.paragraph("33", Plural(f.Damaged, "place")+" could not be read:", 4, 1)
	for _, reason := range f.Damage {
		t.paragraph("", clean(reason, 200), 6, 2)
	}
	if more := f.Damaged - int64(len(f.Damage)); more > 0 {
		t.paragraph("2", "and "+number(more)+" more", 6, 1)
	}
}

// facts lists kinds, the most frequent first.
func facts(counts map[string]int64) string {
	kinds := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(kinds, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var list []string
	for _, k := range kinds {
		list = append(list, number(counts[k])+" "+k)
	}
	return strings.Join(list, ", ")
}

// used names columns, and the field where it is called otherwise.
func used(columns []HouseColumn) string {
	var list []string
	for _, c := range columns {
		s := clean(c.Column, 60)
		if c.Column != c.Field {
			s += " as " + c.Field
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

// missing says what would stay unexplained, and what to do about it.
func (t *table) missing(p *HousePreview) {
	t.line("", "")
	t.line("1", "What would be missing")
	said := false
	say := func(bad int64, s string) {
		if bad > 0 {
			said = true
			t.paragraph("", s, 2, 4)
		}
	}
	say(p.NoLogin, number(p.NoLogin)+" of "+people(p.Staff)+" in HR have no login: what they open is nobody's. Name the column with logins in a mapping.")
	say(p.Strange, number(p.Strange)+" of "+Plural(p.Shifts, "shift")+" are of people whom HR does not know: are the staff numbers written alike?")
	say(p.Homeless, number(p.Homeless)+" of "+Plural(p.Units, "unit")+" belong to no department: list them in a location file.")
	if p.Staff == 0 {
		say(1, "No staff: nobody who opens a record would be known. Add the HR file.")
	}
	if p.Shifts == 0 {
		say(1, "No roster: who was on duty would be guessed from sign-ins.")
	}
	if p.Patients == 0 {
		say(1, "No patients: add HL7 messages (ADT first) or FHIR resources.")
	}
	if p.Accesses > 0 {
		named := p.Accesses - p.NoPatient
		t.paragraph("", fmt.Sprintf("Of %s, %s are by accounts that HR knows. Of the %s that name a patient, %s are of patients who are known, and %s are both.",
			Plural(p.Accesses, "row")+" of access logs", share(p.Accounts, p.Accesses), number(named), share(p.Known, named), share(p.Both, named)), 2, 5)
	} else {
		say(1, "No access log among them: whether its accounts and patients would be known cannot be said.")
	}
	if !said && p.Accesses > 0 && p.Accounts == p.Accesses && p.Both == p.Accesses-p.NoPatient {
		t.paragraph("32", "Nothing.", 2, 1)
	}
}

// share is a part of all in per cent.
func share(part, all int64) string {
	if all == 0 {
		return "0 %"
	}
	tenths := part * 1000 / all // rounded down: what is not all is never called all
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}
