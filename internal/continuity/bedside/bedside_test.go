package bedside_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/vault"
)

// ward is a house and a board that hear the same.
type ward struct {
	t     testing.TB
	o     collect.Options
	house *hospital.House
	board *bedside.Board
	read  *reader.Reader
	heard time.Time
}

func newWard(t testing.TB) *ward {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return wardOf(t, tax)
}

func wardOf(t testing.TB, tax *event.Taxonomy) *ward {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("", 3600)
	return &ward{
		t: t, o: collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax, Whole: true}, read: reader.New(zone),
		house: hospital.New(v, hospital.Options{Zone: zone, Authority: "ALDER"}), board: bedside.New(bedside.Options{Zone: zone}), heard: noon().Add(time.Hour),
	}
}

// noon is the moment at which all is asked.
func noon() time.Time { return time.Date(2030, 1, 8, 12, 0, 0, 0, time.FixedZone("", 3600)) }

// clock is a time on that day, or with a day before it: 07 0830.
func clock(text string) time.Time {
	if len(text) == 4 {
		text = "08 " + text
	}
	at, err := time.ParseInLocation("2006-01-02 1504", "2030-01-"+text, time.FixedZone("", 3600))
	if err != nil {
		panic(err)
	}
	return at
}

// hear takes messages, each written as: when, event, and segments. MSH is put before them.
func (w *ward) hear(messages ...string) {
	w.t.Helper()
	for i, text := range messages {
		when, rest, _ := strings.Cut(text, "|")
		kind, segments, _ := strings.Cut(rest, "\n")
		from := "EHR"
		if before, after, ok := strings.Cut(kind, "@"); ok {
			kind, from = before, after
		}
		stamp := clock(when).Format("20060102150405-0700")
		raw := fmt.Sprintf("MSH|^~\\&|%s|ALDER|||%s||%s|%d|P|2.5.1\r%s\r", from, stamp, kind, i, strings.ReplaceAll(strings.TrimSpace(segments), "\n", "\r"))
		d := hl7.Format().Open(strings.NewReader(raw), w.o)
		var ev event.Event
		if err := d.Next(&ev); err != nil {
			w.t.Fatal(err)
		}
		ev.Observed = w.heard
		facts, err := w.read.Read(&ev)
		if err != nil {
			w.t.Fatal(err)
		}
		for i := range facts {
			w.house.Take(&facts[i])
		}
		if err := w.board.Hear(&ev); err != nil {
			w.t.Fatal(err)
		}
	}
}

// only is the one patient in the house.
func (w *ward) only() bedside.Inpatient {
	w.t.Helper()
	all := w.board.Census(w.house, noon(), 8*time.Hour)
	if len(all) != 1 {
		w.t.Fatalf("%d patients, want one", len(all))
	}
	return all[0]
}

const (
	pid   = "PID|||4711^^^ALDER^MR||Ångström^Žofie^^^^^L||19480503|F\n"
	pv1   = "PV1||I|4W^12^A||||||||||||||||V1|||||||||||||||||||||||||20300107090000+0100\n"
	admit = "07 0900|ADT^A01\n" + pid + pv1
)

func allergies(p bedside.Inpatient) string {
	var all []string
	for _, a := range p.Allergies {
		all = append(all, a.Name)
	}
	return fmt.Sprint(p.Known, " ", strings.Join(all, ","))
}

// TestAllergies: unknown is not none, lists replace the lists of the same sender only, and what was taken back stays so.
func TestAllergies(t *testing.T) {
	al1 := func(names ...string) string {
		out := ""
		for _, n := range names {
			out += "AL1||DA|" + n + "|MO\n"
		}
		return out
	}
	update := func(when, segments string) string { return when + "|ADT^A08\n" + pid + pv1 + segments }
	for what, c := range map[string]struct {
		messages []string
		want     string
	}{
		"nobody said anything":       {[]string{admit}, "0 "},
		"none are known":             {[]string{admit + al1("NKDA^No known drug allergies")}, "1 "},
		"none, in words":             {[]string{admit + al1("^No Known Allergies")}, "1 "},
		"two":                        {[]string{admit + al1("P^Penicillin", "L^Latex")}, "2 Latex,Penicillin"},
		"the severe first":           {[]string{admit + "AL1||DA|P^Penicillin|SV\nAL1||MA|L^Latex|MI\n"}, "2 Penicillin,Latex"},
		"one less":                   {[]string{admit + al1("P^Penicillin", "L^Latex"), update("0900", al1("L^Latex"))}, "2 Latex"},
		"an older list comes late":   {[]string{admit, update("0900", al1("L^Latex")), update("0800", al1("P^Penicillin", "L^Latex"))}, "2 Latex"},
		"a message without any":      {[]string{admit + al1("P^Penicillin"), update("0900", "")}, "2 Penicillin"},
		"deleted":                    {[]string{admit + al1("P^Penicillin"), update("0900", `AL1|||""`)}, "0 "},
		"none after all":             {[]string{admit + al1("P^Penicillin"), update("0900", al1("NKDA"))}, "1 "},
		"another system's":           {[]string{admit + al1("P^Penicillin"), "0900|RDE^O11@PHARM\n" + pid + pv1 + al1("NKDA")}, "2 Penicillin"},
		"the same of two systems":    {[]string{admit + al1("P^Penicillin"), "0900|RDE^O11@PHARM\n" + pid + pv1 + al1("P^Penicillin")}, "2 Penicillin"},
		"what one takes back of two": {[]string{admit + al1("P^Penicillin"), "0900|RDE^O11@PHARM\n" + pid + pv1 + al1("P^Penicillin"), "1000|RDE^O11@PHARM\n" + pid + pv1 + al1("NKDA")}, "2 Penicillin"},
		"added one by one":           {[]string{admit + al1("NKDA"), "0900|ADT^A60\n" + pid + pv1 + "IAM||DA|P^Penicillin|SV|Rash|A|1\n"}, "2 Penicillin"},
		"taken back one by one":      {[]string{admit, "0800|ADT^A60\n" + pid + "IAM||DA|P^Penicillin|SV|Rash|A|1\nIAM||DA|L^Latex|SV||A|2\n", "0900|ADT^A60\n" + pid + "IAM||DA|P^Penicillin|||D|1\n"}, "2 Latex"},
		"taken back, and comes late": {[]string{admit, "0900|ADT^A60\n" + pid + "IAM||DA|P^Penicillin|||D|1\n", "0800|ADT^A60\n" + pid + "IAM||DA|P^Penicillin|SV|Rash|A|1\n"}, "0 "},
		"of a training message":      {[]string{admit, "0900|ADT^A08|x|T\n" + pid + pv1 + al1("P^Penicillin")}, "0 "},
		"escaped":                    {[]string{admit + al1(`P^Penicillin \T\ others`)}, "2 Penicillin & others"},
	} {
		w := newWard(t)
		if what == "of a training message" {
			c.messages = c.messages[:1]
		}
		w.hear(c.messages...)
		if got := allergies(w.only()); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestWhoLiesWhere: discharges, moves, cancellations and merges, as the House knows them.
func TestWhoLiesWhere(t *testing.T) {
	moved := "0900|ADT^A02\n" + pid + "PV1||I|5N^3||||||||||||||||V1\n"
	other := "PID|||99^^^ALDER^MR||Ångström^Z||19480503|F\n"
	for what, c := range map[string]struct {
		messages []string
		want     string
	}{
		"admitted":                 {[]string{admit}, "4W/12-A 4711 Ångström"},
		"moved":                    {[]string{admit, moved}, "5N/3 4711 Ångström"},
		"moved back":               {[]string{admit, moved, "1000|ADT^A12\n" + pid + pv1}, "4W/12-A 4711 Ångström"},
		"expected elsewhere":       {[]string{admit, "1000|ADT^A15\n" + pid + "PV1||I|4W^12^A||||||||||||||||V1|||||||||||||||||||||||5N^1\n"}, "4W/12-A 4711 Ångström"},
		"gone":                     {[]string{admit, "1000|ADT^A03\n" + pid + pv1}, ""},
		"not gone after all":       {[]string{admit, "1000|ADT^A03\n" + pid + pv1, "1100|ADT^A13\n" + pid + pv1}, "4W/12-A 4711 Ångström"},
		"never came":               {[]string{admit, "1000|ADT^A11\n" + pid + pv1}, ""},
		"merged":                   {[]string{admit, "1000|ADT^A40\n" + other + "MRG|4711^^^ALDER^MR\n"}, "4W/12-A 4711 Ångström"},
		"a laboratory's spelling":  {[]string{admit, "1000|ORU^R01@LAB\nPID|||4711^^^ALDER^MR||ANGSTROEM^ZOFIE\nOBR|1|O1||K\n"}, "4W/12-A 4711 Ångström"},
		"in another place a while": {[]string{admit, "1000|ADT^A10\n" + pid + "PV1||I|4W^12^A||||||||XRAY||||||||V1\n"}, "XRAY/ 4711 Ångström"},
		"an appointment as well":   {[]string{admit, "1000|ADT^A04\n" + pid + "PV1||O|CLINIC||||||||||||||||V2\n"}, "4W/12-A 4711 Ångström"},
	} {
		w := newWard(t)
		w.hear(c.messages...)
		got := ""
		for _, p := range w.board.Census(w.house, noon(), 8*time.Hour) {
			got += w.house.Text(p.Unit) + "/" + p.Bed + " " + p.MRN.Value + " " + p.Person.Family
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestMergedRecordsAreOnePatient: what was said of the one number holds for the other, and no more when the merge was a mistake.
func TestMergedRecordsAreOnePatient(t *testing.T) {
	w := newWard(t)
	other := "PID|||99^^^ALDER^MR||Ångström^Žofie||19480503|F\n"
	w.hear(admit+"AL1||DA|L^Latex|MI\n", "0800|ADT^A08\n"+other+"AL1||DA|P^Penicillin|SV\n")
	if got := allergies(w.only()); got != "2 Latex" {
		t.Errorf("before: %q", got)
	}
	w.hear("0900|ADT^A40\n" + pid + "MRG|99^^^ALDER^MR\n")
	if got := allergies(w.only()); got != "2 Penicillin,Latex" {
		t.Errorf("merged: %q", got)
	}
	w.hear("1000|ADT^A37\n" + pid + other)
	if got := allergies(w.only()); got != "2 Latex" {
		t.Errorf("parted: %q", got)
	}
}

// drugs writes what is known of drugs in a line each.
func drugs(p bedside.Inpatient) string {
	var all []string
	hours := func(slots []bedside.Slot) (text string) {
		for _, s := range slots {
			text += " " + s.At.In(noon().Location()).Format("1504")
			if s.Usual {
				text += "~"
			}
			if !s.Given.IsZero() {
				text += "+"
			}
		}
		return text
	}
	for _, d := range p.Drugs {
		text := d.Name + ":" + hours(d.Due)
		if len(d.Missed) > 0 {
			text += " missed" + hours(d.Missed)
		}
		for _, l := range d.Last {
			text += " last " + l.At.In(noon().Location()).Format("02 1504")
			if l.Refused {
				text += " refused"
			}
		}
		switch {
		case d.State == bedside.Stopped:
			text += " stopped"
		case d.State == bedside.Held:
			text += " held"
		case d.Timing.Needed:
			text += " needed"
		case !d.Clear:
			text += " unclear"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// TestDrugs: when they are due by the order's words, what was given, what was stopped.
func TestDrugs(t *testing.T) {
	rde := func(when, control, number, tq string) string {
		return when + "|RDE^O11\n" + pid + pv1 + "ORC|" + control + "|" + number + "|||||||" + clock(when).Format("20060102150405-0700") + "\nRXE||D" + number + "^DRUG " + number + "|5||mg\n" + tq + "\nRXR|PO\n"
	}
	tq1 := func(pattern, hours, start, end, priority string) string {
		at := func(text string) string {
			if text == "" {
				return ""
			}
			return clock(text).Format("20060102150405-0700")
		}
		return "TQ1|1||" + pattern + "|" + hours + "|||" + at(start) + "|" + at(end) + "|" + priority
	}
	ras := func(when, number, status string) string {
		return when + "|RAS^O17\n" + pid + pv1 + "ORC|RE|" + number + "\nRXA|0|1|" + clock(when).Format("20060102150405-0700") + "||D1^DRUG " + number + "|5|mg|||||||||||||" + status + "\n"
	}
	for what, c := range map[string]struct {
		messages []string
		want     string
	}{
		"at hours that are stated":      {[]string{rde("07 1000", "NW", "1", tq1("BID", "0900~1500", "07 1000", "", ""))}, "DRUG 1: 1500 missed 0900"},
		"at the house's hours":          {[]string{rde("07 1000", "NW", "1", tq1("TID", "", "07 1000", "", ""))}, "DRUG 1: 1400~ 2000~"},
		"every six hours":               {[]string{rde("07 1000", "NW", "1", tq1("Q6H", "", "07 1000", "", ""))}, "DRUG 1: 1600 missed 1000"},
		"due just now":                  {[]string{rde("07 1000", "NW", "1", tq1("BID", "1145~1200", "07 1000", "", "")), ras("1130", "1", "CP")}, "DRUG 1: 1200 last 08 1130"},
		"until it ends":                 {[]string{rde("07 1000", "NW", "1", tq1("Q4H", "", "07 1000", "1700", ""))}, "DRUG 1: 1400 missed 1000"},
		"it has ended":                  {[]string{rde("07 1000", "NW", "1", tq1("Q4H", "", "07 1000", "1100", ""))}, ""},
		"it begins later":               {[]string{rde("07 1000", "NW", "1", tq1("Q2H", "", "1700", "", ""))}, "DRUG 1: 1700 1900"},
		"when needed":                   {[]string{rde("07 1000", "NW", "1", tq1("Q4H PRN", "", "07 1000", "", "")), ras("07 2300", "1", "CP")}, "DRUG 1: last 07 2300 needed"},
		"when needed, by its priority":  {[]string{rde("07 1000", "NW", "1", tq1("Q4H", "", "07 1000", "", "PRN"))}, "DRUG 1: needed"},
		"once, and not given":           {[]string{rde("0900", "NW", "1", tq1("ONCE", "", "", "", "S"))}, "DRUG 1: missed 0900"},
		"once, and given":               {[]string{rde("0900", "NW", "1", tq1("ONCE", "", "", "", "S")), ras("0910", "1", "CP")}, "DRUG 1: last 08 0910"},
		"once, given long ago":          {[]string{rde("07 0900", "NW", "1", tq1("ONCE", "", "", "", "S")), ras("07 0910", "1", "CP")}, ""},
		"no words about when":           {[]string{rde("07 1000", "NW", "1", "")}, "DRUG 1: unclear"},
		"words that nobody knows":       {[]string{rde("07 1000", "NW", "1", tq1("WITH TEA", "", "07 1000", "", ""))}, "DRUG 1: unclear"},
		"an interval from nowhere":      {[]string{rde("07 1000", "NW", "1", tq1("Q8H", "", "", "", ""))}, "DRUG 1: unclear"},
		"an interval from the last":     {[]string{rde("07 1000", "NW", "1", tq1("Q8H", "", "", "", "")), ras("0700", "1", "CP")}, "DRUG 1: 1500 last 08 0700"},
		"given in time":                 {[]string{rde("07 1000", "NW", "1", tq1("BID", "0900~1500", "07 1000", "", "")), ras("0910", "1", "CP")}, "DRUG 1: 1500 last 08 0910"},
		"given before its time":         {[]string{rde("07 1000", "NW", "1", tq1("BID", "0800~1300", "07 1000", "", "")), ras("1150", "1", "CP")}, "DRUG 1: 1300+ last 08 1150"},
		"refused":                       {[]string{rde("07 1000", "NW", "1", tq1("BID", "0900~1500", "07 1000", "", "")), ras("0910", "1", "RE")}, "DRUG 1: 1500 last 08 0910 refused"},
		"given, and taken back":         {[]string{rde("07 1000", "NW", "1", tq1("BID", "0900~1500", "07 1000", "", "")), ras("0910", "1", "CP"), strings.Replace(ras("0910", "1", "CP"), "|CP\n", "|CP|D\n", 1)}, "DRUG 1: 1500 missed 0900"},
		"given before it was ordered":   {[]string{ras("0910", "1", "CP"), rde("0920", "NW", "1", tq1("BID", "0900~1500", "0900", "", ""))}, "DRUG 1: 1500 last 08 0910"},
		"given without an order":        {[]string{ras("0910", "1", "CP")}, "DRUG 1: last 08 0910 stopped"},
		"stopped":                       {[]string{rde("07 1000", "NW", "1", tq1("TID", "", "", "", "")), rde("1000", "DC", "1", "")}, ""},
		"stopped, and comes late":       {[]string{rde("1000", "DC", "1", ""), rde("07 1000", "NW", "1", tq1("TID", "", "", "", ""))}, ""},
		"stopped after a dose":          {[]string{rde("07 1000", "NW", "1", tq1("TID", "", "", "", "")), ras("0910", "1", "CP"), rde("1000", "CA", "1", "")}, "DRUG 1: last 08 0910 stopped"},
		"stopped by an older word":      {[]string{rde("1000", "NW", "1", tq1("QD", "1800", "", "", "")), "0900|ORM^O01\n" + pid + "ORC|DC|1\n"}, "DRUG 1: 1800"},
		"given, and told again":         {[]string{rde("07 1000", "NW", "1", tq1("BID", "0900~1500", "07 1000", "", "")), strings.Replace(ras("0910", "1", "CP"), "|CP\n", "|CP|D\n", 1), ras("0910", "1", "CP")}, "DRUG 1: 1500 missed 0900"},
		"from a later hour on":          {[]string{rde("07 1000", "NW", "1", tq1("BID", "1500~1800", "1700", "", ""))}, "DRUG 1: 1800"},
		"refused before its time":       {[]string{rde("07 1000", "NW", "1", tq1("BID", "0800~1300", "07 1000", "", "")), ras("0800", "1", "CP"), ras("1150", "1", "RE")}, "DRUG 1: 1300 last 08 0800 last 08 1150 refused"},
		"once, and refused":             {[]string{rde("0900", "NW", "1", tq1("ONCE", "", "", "", "S")), ras("0910", "1", "RE")}, "DRUG 1: last 08 0910 refused"},
		"twice a day, long ago":         {[]string{rde("06 1000", "NW", "1", tq1("BID", "0900~2100", "06 1000", "", "")), ras("07 2100", "1", "CP")}, "DRUG 1: missed 0900 last 07 2100"},
		"an older dose of many":         {[]string{rde("07 1000", "NW", "1", tq1("Q2H", "", "07 1000", "", "")), ras("0400", "1", "CP")}, "DRUG 1: 1200 1400 1600 1800 2000 missed 1000 last 08 0400"},
		"held":                          {[]string{rde("07 1000", "NW", "1", tq1("TID", "", "", "", "")), rde("1000", "HD", "1", tq1("TID", "", "", "", ""))}, "DRUG 1: held"},
		"changed":                       {[]string{rde("07 1000", "NW", "1", tq1("TID", "", "", "", "")), rde("1000", "XO", "1", tq1("QD", "1800", "", "", ""))}, "DRUG 1: 1800"},
		"in the words of old versions":  {[]string{rde("07 1000", "NW", "1", "")[:0] + "07 1000|RDE^O11\n" + pid + pv1 + "ORC|NW|1\nRXE|^Q6H&0600,1800^^20300107100000+0100|D1^DRUG 1|5||mg\n"}, "DRUG 1: 1800"},
		"of the prescriber alone":       {[]string{"07 1000|OMP^O09\n" + pid + pv1 + "ORC|NW|1\nTQ1|1||QD|1800\nRXO|D1^DRUG 1|5||mg\nRXR|PO\n"}, "DRUG 1: 1800"},
		"another stay's":                {[]string{strings.ReplaceAll(rde("06 1000", "NW", "1", tq1("TID", "", "", "", "")), "|V1|", "|V0|")}, ""},
		"of a clinic, meanwhile":        {[]string{"1000|ADT^A04\n" + pid + "PV1||O|CLINIC||||||||||||||||V2\n", strings.ReplaceAll(rde("1000", "NW", "1", tq1("TID", "", "", "", "")), "|V1|", "|V2|")}, ""},
		"of a visit that got a number":  {[]string{strings.ReplaceAll(rde("1000", "NW", "1", tq1("QD", "1800", "", "", "")), "|V1|", "|V7|")}, "DRUG 1: 1800"},
		"every second day, which?":      {[]string{rde("07 1000", "NW", "1", tq1("QOD", "", "07 1000", "", ""))}, "DRUG 1: unclear"},
		"every second day from a start": {[]string{rde("06 1600", "NW", "1", tq1("Q2D", "", "06 1600", "", ""))}, "DRUG 1: 1600"},
		"it runs on":                    {[]string{rde("07 1000", "NW", "1", tq1("Q1M", "", "07 1000", "", ""))}, "DRUG 1: unclear"},
	} {
		w := newWard(t)
		w.hear(append([]string{admit}, c.messages...)...)
		if got := drugs(w.only()); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestOftenAndLong: what is given every quarter of an hour is told for all of the time that is asked for.
func TestOftenAndLong(t *testing.T) {
	w := newWard(t)
	w.hear(admit, "07 1000|RDE^O11\n"+pid+pv1+"ORC|NW|1\nRXE||D1^DRUG 1|5||mg\nTQ1|1||Q15M||||20300107100000+0100\n")
	for _, hours := range []int{8, 72} {
		p := w.board.Census(w.house, noon(), time.Duration(hours)*time.Hour)[0]
		if due := p.Drugs[0].Due; len(due) != 4*hours+2 || !due[len(due)-1].At.Equal(noon().Add(time.Duration(hours)*time.Hour)) {
			t.Errorf("%d times in %d hours", len(due), hours)
		}
	}
}

// TestResults: the last of each kind, corrected and taken back; what is still waited for.
func TestResults(t *testing.T) {
	oru := func(when, number, status, observed string, obx ...string) string {
		text := when + "|ORU^R01@LAB\n" + pid + "OBR|1|" + number + "||BMP^Basic chemistry|||" + clock(observed).Format("20060102150405-0700") + "||||||||||||||||||" + status + "\n"
		for i, o := range obx {
			text += fmt.Sprintf("OBX|%d|NM|%s\n", i+1, o)
		}
		return text
	}
	oml := func(when, number, control string) string {
		return when + "|OML^O21\n" + pid + pv1 + "ORC|" + control + "|" + number + "\nOBR|1|" + number + "||BMP^Basic chemistry\n"
	}
	const k = "2823-3^Potassium^LN||"
	for what, c := range map[string]struct {
		messages []string
		want     string
	}{
		"one":                        {[]string{oru("0900", "1", "F", "0830", k+"6.1|mmol/L|3.5-5.1|HH|||F")}, "K 6.1 mmol/L HH 0830"},
		"with a flag by its range":   {[]string{oru("0900", "1", "F", "0830", k+"6.1|mmol/L|3.5-5.1||||F")}, "K 6.1 mmol/L H 0830"},
		"the later one":              {[]string{oru("0900", "1", "F", "0830", k+"6.1|mmol/L|||||F"), oru("0910", "2", "F", "0700", k+"4.0|mmol/L|||||F")}, "K 6.1 mmol/L  0830"},
		"corrected":                  {[]string{oru("0900", "1", "F", "0830", k+"6.1|mmol/L|||||F"), oru("1000", "1", "C", "0830", k+"5.1|mmol/L|||||C")}, "K 5.1 mmol/L  0830"},
		"a correction came first":    {[]string{oru("1000", "1", "C", "0830", k+"5.1|mmol/L|||||C"), oru("0900", "1", "F", "0830", k+"6.1|mmol/L|||||F")}, "K 5.1 mmol/L  0830"},
		"taken back":                 {[]string{oru("0800", "0", "F", "0730", k+"4.4|mmol/L|||||F"), oru("0900", "1", "F", "0830", k+"6.1|mmol/L|||||F"), oru("1000", "1", "C", "0830", k+"|mmol/L|||||W")}, "K 4.4 mmol/L  0730"},
		"in their order":             {[]string{oru("0900", "1", "F", "0830", k+"4.1|mmol/L|||||F", "x^Glucose^L||118|mg/dL|||||F", "882-1^ABO group^LN||A neg||||||F", "y^Sodium^L||140")}, "blood group A neg   0830; K 4.1 mmol/L  0830; Glu 118 mg/dL  0830"},
		"waited for":                 {[]string{oml("0900", "1", "NW")}, "waits 1"},
		"it came":                    {[]string{oml("0900", "1", "NW"), oru("1000", "1", "F", "0930")}, ""},
		"it came before its order":   {[]string{oru("1000", "1", "F", "0930"), oml("0900", "1", "NW")}, ""},
		"a part of it came":          {[]string{oml("0900", "1", "NW"), oru("1000", "1", "P", "0930")}, "waits 1"},
		"it was cancelled":           {[]string{oml("0900", "1", "NW"), oml("1000", "1", "CA")}, ""},
		"it was cancelled in a word": {[]string{oml("0900", "1", "NW"), "1000|OML^O21\n" + pid + "ORC|CA|1\n"}, ""},
		"a structured number":        {[]string{strings.ReplaceAll(oru("0900", "1", "F", "0830", "67151-1^Troponin T^LN||<^5|ng/L|||||F"), "|NM|", "|SN|")}, "Trop <5 ng/L  0830"},
	} {
		w := newWard(t)
		w.hear(append([]string{admit}, c.messages...)...)
		p := w.only()
		var all []string
		for _, v := range p.Results {
			all = append(all, fmt.Sprintf("%s %s %s %s %s", v.Kind, v.Value, v.Unit, v.Flag, v.At.In(noon().Location()).Format("1504")))
		}
		for _, q := range p.Requests {
			all = append(all, "waits "+q.Number)
		}
		if got := strings.Join(all, "; "); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestDietAndWishes are told where they were sent.
func TestDietAndWishes(t *testing.T) {
	w := newWard(t)
	w.hear("07 0900|ADT^A01\n"+pid+"PD1|||||||||||||||DNR^Do not resuscitate\n"+pv1, "0900|ORM^O01\n"+pid+pv1+"ORC|NW|7\nODS|D||320^Soft diet|no nuts\n")
	p := w.only()
	if len(p.Diet) != 1 || p.Diet[0].Text != "Soft diet no nuts" || len(p.Wishes) != 1 || p.Wishes[0].Text != "Do not resuscitate" {
		t.Errorf("%+v, %+v", p.Diet, p.Wishes)
	}
	w.hear("1000|ORM^O01\n" + pid + pv1 + "ORC|CA|7\nODS|D||320^Soft diet\n")
	if p := w.only(); len(p.Diet) != 0 {
		t.Errorf("a cancelled diet is still told: %+v", p.Diet)
	}
}
