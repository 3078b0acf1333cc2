package downtime_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/continuity/downtime"
)

func vienna(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// sample is a pack of a unit with so many patients, some of whom have everything that makes paper hard.
func sample(t testing.TB, patients int) *downtime.Pack {
	t.Helper()
	at := time.Date(2026, 11, 26, 14, 0, 0, 0, vienna(t))
	p := &downtime.Pack{
		Site: "Alder General", Unit: "4W", Title: "Internal medicine ward 4W", Data: at, Printed: at.Add(5 * time.Minute), Until: at.Add(8 * time.Hour), Zone: vienna(t),
		Down:  []string{"Record system (orders, notes, allergies): since 13:42", "Laboratory results on screen: since 13:42"},
		Works: []string{"Telephones and pagers", "Laboratory analysers: results by phone, call 5310", "Drug cabinets, in override"},
		Steps: []string{"Take this pack and the red folder; the charge nurse leads.", "Check each patient's wristband against the census.", "Give drugs from the sheets; two people sign for controlled drugs.", "Send specimens by runner with a paper request and a number from the block.", "Write everything with its true time; keep all paper."},
		Call:  []downtime.Contact{{"Downtime desk", "5340"}, {"Pharmacist on duty", "5210"}, {"Laboratory, critical values", "5310"}, {"Blood bank", "5320"}, {"Resuscitation team", "5555"}, {"IT service desk", "5100"}},
		Forms: []downtime.Form{{"F-17", "Paper order set, internal medicine"}, {"F-21", "Transfusion request"}},
		MRNs:  downtime.Block{Prefix: "DT-4W-", From: 1, To: 20}, Accessions: downtime.Block{Prefix: "DX-4W-", From: 1, To: 40},
	}
	names := [][2]string{{"Ångström", "Žofie"}, {"Παπαδόπουλος", "Γεώργιος"}, {"Щербакова", "Екатерина"}, {"Nguyễn", "Thị Hồng"}, {"Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondeley", "Maximiliana Josefine Adelheid"}, {"O'Brien", "Seán"}, {"山田", "太郎"}, {"", ""}}
	for i := range patients {
		n := names[i%len(names)]
		t := downtime.Patient{Bed: fmt.Sprint(i + 1), Family: n[0], Given: n[1], Sex: "F", MRN: fmt.Sprintf("%08d", 40_000_000+i*7919), Born: time.Date(1938+i%80, 5, 3, 0, 0, 0, 0, time.UTC), Heard: at.Add(-time.Duration(i) * time.Minute)}
		switch i % 4 {
		case 0:
			t.Known, t.Allergies = downtime.Some, []downtime.Allergy{{Name: "Penicillin", Note: "severe: anaphylaxis", Severe: true}, {Name: "Latex", Note: "contact dermatitis"}}
			t.AllergySaid = at.Add(-time.Hour)
		case 1:
			t.Known, t.AllergySaid = downtime.None, at.Add(-26*time.Hour)
		case 3:
			t.Known, t.Allergies = downtime.Some, []downtime.Allergy{{Name: "Sulfonamides"}}
		}
		for k := range 2 + i%7 {
			g := downtime.Drug{Number: fmt.Sprint("O", i, k), Name: []string{"PIPERACILLIN TAZOBACTAM 4.5 G INJ", "METFORMIN 850 MG TAB", "ENOXAPARIN 40 MG INJ", "MORPHINE 10 MG/ML INJ"}[k%4], Dose: "1 TAB", Route: "PO", How: "Q8H", Clear: true, Said: at.Add(-70 * time.Hour)}
			switch k % 5 {
			case 0:
				g.Due = []downtime.Slot{{At: at.Add(2 * time.Hour)}, {At: at.Add(8*time.Hour - time.Minute)}}
				g.Last = []downtime.Dose{{At: at.Add(-6 * time.Hour)}}
			case 1:
				g.Due, g.Missed = []downtime.Slot{{At: at.Add(4 * time.Hour), Usual: true}}, []downtime.Slot{{At: at.Add(-2 * time.Hour), Usual: true}}
			case 2:
				g.Due = []downtime.Slot{{At: at.Add(time.Hour), Given: at.Add(-20 * time.Minute)}}
			case 3:
				g.Needed, g.How = true, "PRN"
			case 4:
				g.Clear, g.How = false, "WITH TEA"
			}
			t.Drugs = append(t.Drugs, g)
		}
		t.Drugs = append(t.Drugs, downtime.Drug{Name: "PROPOFOL 200 MG/20 ML INJ", Stopped: true, Last: []downtime.Dose{{At: at.Add(-3 * time.Hour)}}})
		t.Results = []downtime.Result{{Name: "K", Value: "6.1", Unit: "mmol/L", Flag: "HH", At: at.Add(-5 * time.Hour)}, {Name: "Hb", Value: "11.2", Unit: "g/dL", At: at.Add(-29 * time.Hour)}}
		t.Requests = []downtime.Request{{Number: "O9", Title: "Blood culture", Said: at.Add(-20 * time.Hour)}}
		if i%6 == 0 {
			t.Notes = []downtime.Note{{Text: "Do not resuscitate", Said: at.Add(-50 * time.Hour)}, {Text: "Diet: soft, no nuts"}}
		}
		p.Patients = append(p.Patients, t)
	}
	return p
}

func press(t testing.TB) *downtime.Press {
	t.Helper()
	s, err := downtime.NewPress()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pages are what pdftotext reads on each page.
func pages(t testing.TB, pdf []byte) []string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftotext is missing: install poppler-utils")
		}
		t.Skip("pdftotext is not here: install poppler-utils")
	}
	file := filepath.Join(t.TempDir(), "pack.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
}

// TestPackOnPaper prints a unit of 60 with names of many letters: each page says of when it is, all names can be read, the card is one page, nothing lies over
// anything else, and nothing hangs over the edge.
func TestPackOnPaper(t *testing.T) {
	for _, letter := range []bool{false, true} {
		p := sample(t, 60)
		p.Letter = letter
		pdf, err := press(t).PDF(p)
		if err != nil {
			t.Fatal(err)
		}
		all := pages(t, pdf)
		for i, text := range all {
			for _, want := range []string{"Data of 26 Nov 14:00", "printed 14:05", "use until 22:00", "4W", "made by Wardline; paper form", fmt.Sprintf("page %d of %d", i+1, len(all))} {
				if !strings.Contains(text, want) {
					t.Errorf("page %d does not say %q", i+1, want)
				}
			}
		}
		if !strings.Contains(all[0], "Unit card") || strings.Contains(all[1], "Unit card") || strings.Index(all[0], "5340") > strings.Index(all[0], "What is down") {
			t.Error("the card is not one page with the numbers to call first")
		}
		whole := strings.Join(all, "")
		for _, want := range []string{"Ångström, Žofie", "Παπαδόπουλος, Γεώργιος", "Щербакова, Екатерина", "Nguyễn, Thị Hồng", "O'Brien, Seán", "(name not sent)", "?? (NAME CANNOT BE PRINTED: go by the MRN)"} {
			if !strings.Contains(whole, want) {
				t.Errorf("nowhere is %q", want)
			}
		}
		for i := range p.Patients {
			if n := strings.Count(whole, "MRN "+p.Patients[i].MRN); n < 3 {
				t.Errorf("a patient's number stands in %d places, want census, sheet and list", n)
			}
		}
		apart(t, pdf)
		t.Logf("%d pages, %d bytes", len(all), len(pdf))
	}
}

// TestPackThatIsTooFull: a row that is higher than a page goes on on the next one, and nothing is lost.
func TestPackThatIsTooFull(t *testing.T) {
	p := sample(t, 2)
	n := &p.Patients[0]
	for i := range 128 {
		n.Drugs = append(n.Drugs, downtime.Drug{Name: fmt.Sprintf("DRUG%03d", i), Clear: true, Due: []downtime.Slot{{At: p.Data.Add(time.Hour)}}})
	}
	for i := range 100 {
		n.Allergies = append(n.Allergies, downtime.Allergy{Name: fmt.Sprintf("Allergen%03d", i)})
	}
	n.Known, n.Left = downtime.Some, 7
	p.Call = append(p.Call, p.Call[:2]...)
	long := strings.Repeat("and then wait for the telephone ", 8)
	p.Steps, p.Down, p.Works = []string{long, long, long, long, long}, []string{long, long, long}, []string{long, long}
	pdf, err := press(t).PDF(p)
	if err != nil {
		t.Fatal(err)
	}
	all := pages(t, pdf)
	var census, sheets string
	for _, text := range all {
		if strings.Contains(text, "ALLERGIES") {
			census += text
		}
		if strings.Contains(text, "Allergies:") {
			sheets += text
		}
	}
	for i := range 128 {
		if name := fmt.Sprintf("DRUG%03d", i); !strings.Contains(census, name) || !strings.Contains(sheets, name) {
			t.Errorf("%s is lost", name)
		}
	}
	for i := range 100 {
		if name := fmt.Sprintf("Allergen%03d", i); !strings.Contains(census, name) {
			t.Errorf("%s is lost", name)
		}
	}
	if !strings.Contains(sheets, "MORE: see the census") || !strings.Contains(sheets, "7 more facts did not fit") {
		t.Error("nobody is told that there is more")
	}
	if strings.Contains(all[1], "Unit card") || !strings.Contains(all[0], "DX-4W-0040") || !strings.Contains(all[0], "5. and then wait") {
		t.Error("the card is two pages, or something of it is lost")
	}
	if n := strings.Count(sheets, "15:00"); n < 128 {
		t.Errorf("%d of 128 boxes are there", n)
	}
	apart(t, pdf)
}

// word is where pdftotext sees one.
type word struct {
	left, top, right, low float64
	text                  string
}

// apart looks for words that lie over others or outside of their page.
func apart(t *testing.T, pdf []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pack.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-bbox", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	page, width, height, words, bad := 0, 0.0, 0.0, []word(nil), 0
	for l := range strings.Lines(string(out)) {
		l = strings.TrimSpace(l)
		var w word
		if n, _ := fmt.Sscanf(l, `<page width="%f" height="%f">`, &width, &height); n == 2 {
			page, words = page+1, nil
			continue
		}
		if n, _ := fmt.Sscanf(l, `<word xMin="%f" yMin="%f" xMax="%f" yMax="%f">`, &w.left, &w.top, &w.right, &w.low); n != 4 {
			continue
		}
		w.text = l[strings.Index(l, ">")+1:]
		if w.left < 20 || w.right > width-20 || w.top < 15 || w.low > height-15 {
			bad++
			t.Logf("page %d: over the edge: %s", page, w.text)
		}
		for _, o := range words {
			if min(w.right, o.right)-max(w.left, o.left) > 1 && min(w.low, o.low)-max(w.top, o.top) > 2.5 {
				bad++
				t.Logf("page %d: %s lies over %s", page, w.text, o.text)
			}
		}
		words = append(words, w)
	}
	if bad > 0 || page == 0 {
		t.Errorf("%d words lie over others or outside, of %d pages", bad, page)
	}
}

// TestPackIsTheSameEveryTime, so that two that differ differ in what they say.
func TestPackIsTheSameEveryTime(t *testing.T) {
	one, err := press(t).PDF(sample(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	two, err := press(t).PDF(sample(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("the same pack is printed in two ways")
	}
}

// TestAgesAndAllergies in words that cannot be mistaken.
func TestAgesAndAllergies(t *testing.T) {
	p := sample(t, 4)
	born := func(years, months, days int) time.Time {
		return time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC).AddDate(-years, -months, -days)
	}
	p.Patients[0].Born, p.Patients[1].Born, p.Patients[2].Born, p.Patients[3].Born = born(0, 0, 3), born(1, 2, 0), born(80, 0, 0), born(80, 0, -1)
	p.Data = p.Data.AddDate(0, 0, 0)
	text, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"(3 days)", "(14 months)", "(80 y)", "(79 y)", "as of 13:00", "Do not resuscitate (said 24 Nov 12:00)", "ordered 23 Nov 16:00", "! Penicillin (severe: anaphylaxis)", "None known (said 25 Nov 12:00)", "NOT KNOWN: no allergies were sent. Ask."} {
		if !strings.Contains(string(text), want) {
			t.Errorf("nowhere is %q", want)
		}
	}
}

// TestPackAsAPage: it says the same, needs nothing from anywhere, and what a system sent stays text.
func TestPackAsAPage(t *testing.T) {
	p := sample(t, 9)
	p.Patients[0].Family = `<script>alert("x")</script>`
	p.Patients[1].Allergies, p.Patients[1].Known = []downtime.Allergy{{Name: `<img src="http://198.51.100.1/x">`}}, downtime.Some
	text, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{"<script", "<img", "src=", "href=", "url(", "@import"} {
		if strings.Contains(strings.ReplaceAll(string(text), "img src=&#34;", ""), no) {
			t.Errorf("the page has %q", no)
		}
	}
	for _, want := range []string{"Data of 26 Nov 14:00", "use until 22:00", "Παπαδόπουλος, Γεώργιος", "山田, 太郎", "12:00° no dose seen", "DT-4W-0020", "made by Wardline; paper form", "Do not resuscitate"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("nowhere is %q", want)
		}
	}
	if n := strings.Count(string(text), "<thead><tr><td><div class=\"age\"><b>Data of"); n != strings.Count(string(text), `<table class="sheet`) || n < 15 {
		t.Errorf("%d sheets say how old they are", n)
	}
}

// TestPackThatDoesNotFit is refused before anything is printed.
func TestPackThatDoesNotFit(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*downtime.Pack)
		want   string
	}{
		"six steps":           {func(p *downtime.Pack) { p.Steps = append(p.Steps, "Wait.") }, "6 steps, and 5 are the most"},
		"no data":             {func(p *downtime.Pack) { p.Data = time.Time{} }, "three times"},
		"too old at once":     {func(p *downtime.Pack) { p.Until = p.Data }, "not in order"},
		"printed before":      {func(p *downtime.Pack) { p.Printed = p.Data.Add(-time.Second) }, "not in order"},
		"a whole town":        {func(p *downtime.Pack) { p.Patients = make([]downtime.Patient, 1000) }, "1000 patients"},
		"a million numbers":   {func(p *downtime.Pack) { p.MRNs.To = 1_000_000 }, "numbers of new patients"},
		"a sermon":            {func(p *downtime.Pack) { p.Steps[0] = strings.Repeat("x", 301) }, "a line of its card has 301 bytes"},
		"a book of telephone": {func(p *downtime.Pack) { p.Call = make([]downtime.Contact, 9) }, "9 numbers to call"},
	} {
		p := sample(t, 1)
		c.change(p)
		_, err := press(t).PDF(p)
		if !errors.Is(err, downtime.ErrPack) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := p.HTML(); !errors.Is(err, downtime.ErrPack) {
			t.Errorf("%s, as a page: %v", what, err)
		}
	}
}

// TestReconcile: what was due in the downtime, what had not come back, who came and who went.
func TestReconcile(t *testing.T) {
	start, end := sample(t, 3), sample(t, 4)
	end.Patients = end.Patients[1:]
	from, to := start.Data, start.Data.Add(3*time.Hour)
	r, err := downtime.Reconcile(start, end, from, to)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range r.Items {
		if i.Bed == "1" || i.Bed == "4" || i.Kind == downtime.DrugGiven && i.Bed == "3" {
			got = append(got, fmt.Sprintf("%s %s %s %s", i.Bed, i.Kind, i.Due.In(start.Zone).Format("15:04"), i.What))
		}
	}
	want := []string{
		"1 departure 14:00 when the patient left, and where to", "1 result 14:00 Blood culture", "1 charting 14:00 vitals and notes", "1 drug 16:00 PIPERACILLIN TAZOBACTAM 4.5 G INJ, 1 TAB, PO",
		"3 drug 14:00 MORPHINE 10 MG/ML INJ, 1 TAB, PO: whenever it was given", "3 drug 16:00 PIPERACILLIN TAZOBACTAM 4.5 G INJ, 1 TAB, PO",
		"4 admission 14:00 admission, allergies, orders, and the downtime number if one was given", "4 charting 14:00 vitals and notes",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	pdf, err := press(t).Reconciliation(start, r)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(pages(t, pdf), "")
	for _, want := range []string{"Downtime from 14:00 to 17:00", "Data of 26 Nov 14:00", "drug: PIPERACILLIN", "Ångström, Žofie", "page 1 of"} {
		if !strings.Contains(text, want) {
			t.Errorf("nowhere is %q", want)
		}
	}
	apart(t, pdf)
	if _, err := downtime.Reconcile(start, end, to, from); !errors.Is(err, downtime.ErrInterval) {
		t.Errorf("it ends before it begins: %v", err)
	}
	end.Unit = "5N"
	if _, err := downtime.Reconcile(start, end, from, to); !errors.Is(err, downtime.ErrInterval) {
		t.Errorf("two units: %v", err)
	}
}

// FuzzPack prints what systems may send: it is printed, whatever it is, as paper and as a page.
func FuzzPack(f *testing.F) {
	f.Add("Ångström", "Penicillin", "Q8H", 3)
	f.Add("\U0001f9d1\u200d\u2695\ufe0f\u0301\u202e", "山田{all}", strings.Repeat("x", 700), 70)
	f.Add("a\x00\xff\u0600", " ", "\t\r\n", 0)
	s := press(f)
	f.Fuzz(func(t *testing.T, name, thing, how string, n int) {
		if len(name)+len(thing)+len(how) > 2000 || n < 0 || n > 80 {
			t.Skip()
		}
		p := sample(t, 1)
		c := &p.Patients[0]
		c.Family, c.Bed, c.MRN, c.Sex = name, thing, how, name
		for range n {
			c.Drugs = append(c.Drugs, downtime.Drug{Name: thing, How: how, Dose: name, Clear: n%2 == 0, Due: []downtime.Slot{{At: p.Data}, {At: p.Until, Usual: true}}})
			c.Allergies = append(c.Allergies, downtime.Allergy{Name: name, Note: how})
			c.Requests = append(c.Requests, downtime.Request{Title: thing})
		}
		if _, err := s.PDF(p); err != nil {
			t.Fatal(err)
		}
		if _, err := p.HTML(); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkPack prints and seals the pack of a ward with 28 patients.
func BenchmarkPack(b *testing.B) {
	s, p := press(b), sample(b, 28)
	lock, _ := key(b)
	for b.Loop() {
		pdf, err := s.PDF(p)
		if err != nil {
			b.Fatal(err)
		}
		sealed, err := lock.Seal(pdf)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(sealed)))
	}
}
