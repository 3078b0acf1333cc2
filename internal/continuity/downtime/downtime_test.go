package downtime_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		case 1:
			t.Known, t.AllergySaid = downtime.None, at.Add(-26*time.Hour)
		case 3:
			t.Known, t.Allergies = downtime.Some, []downtime.Allergy{{Name: "Sulfonamides"}}
		}
		for k := range 2 + i%7 {
			g := downtime.Drug{Number: fmt.Sprint("O", i, k), Name: []string{"PIPERACILLIN TAZOBACTAM 4.5 G INJ", "METFORMIN 850 MG TAB", "ENOXAPARIN 40 MG INJ", "MORPHINE 10 MG/ML INJ"}[k%4], Dose: "1 TAB", Route: "PO", How: "Q8H", Clear: true}
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
			t.Wishes, t.Diet = []string{"Do not resuscitate"}, []string{"Diet: soft, no nuts"}
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

func TestPackOnPaper(t *testing.T) {
	p := sample(t, 60)
	pdf, err := press(t).PDF(p)
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("WARDLINE_PACKS"); dir != "" {
		os.WriteFile(filepath.Join(dir, "pack.pdf"), pdf, 0o600)
	}
	all := pages(t, pdf)
	for i, text := range all {
		for _, want := range []string{"Data of 26 Nov 14:00", "printed 14:05", "use until 22:00", "4W", "made by Wardline", fmt.Sprintf("page %d of %d", i+1, len(all))} {
			if !strings.Contains(text, want) {
				t.Errorf("page %d does not say %q", i+1, want)
			}
		}
	}
	t.Logf("%d pages, %d bytes", len(all), len(pdf))
}
