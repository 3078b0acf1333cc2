package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/app"
)

// files writes a small hospital's files into a folder.
func hospitalFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"hr/staff.csv": "staff_id,logins,family_name,given_name,job_code,department,units,shoe_size\n" +
			"00417,n.berg,Bergcanary,Nils,RN,MED,4W,44\n00418,,Moecanary,Ann,RN,MED,4W,38\n1.23E+11,x,Y,Z,RN,MED,4W,38\n",
		"hr/roster.csv":    "staff_id,unit,start,end,kind\n00417,4W,2026-03-14 07:00,2026-03-14 19:00,shift\n99999,4W,2026-03-14 07:00,2026-03-14 19:00,shift\n",
		"hr/unknown.csv":   "one,two,three\n1,2,3\n4,5,6\n",
		"hr/locations.csv": "unit,title,department,service,building,site\n5N,North,MED,CARD,B,main\n",
		"access.csv": "ACCESS_TIME,SYSTEM_LOGIN,PAT_MRN_ID,METRIC_NAME\n2026-03-14 10:00:00,n.berg,0042canary,Chart viewed\n" +
			"2026-03-14 10:00:00,nobody,0043canary,Chart viewed\n2026-03-14 10:00:00,n.berg,,Login\n",
		"hl7/adt-0042canary.hl7": "MSH|^~\\&|A|B|||20260314100000||ADT^A01|1|P|2.5.1\rEVN|A01\rPID|||0042canary^^^ALDER^MR||Canary^Mira\rPV1||I|4W||||P201\r",
		"fhir/bundle.json":       `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","id":"7","name":[{"family":"Canary"}]}}]}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCheckHospital(t *testing.T) {
	dir := hospitalFiles(t)
	for _, width := range []int{0, 80, 120} {
		var out bytes.Buffer
		if err := app.CheckHospital(context.Background(), app.HospitalConfig{Paths: []string{dir}}, app.Terminal{Out: &out, Width: width}); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(out.String()), " ")
		for _, want := range []string{
			"would tell of 2 patients, 2 people in HR and 2 units.",
			"Numbers of patients that stand alone are taken for those of ALDER.",
			"hr/staff, read by the mapping staff", "ignores 1 column: shoe_size", "line 4: column 1: an identifier in scientific notation",
			"no mapping fits: nothing is understood", "ACCESS_TIME as time",
			"says: 1 patient, 1 provider, 1 visit",
			"1 of 2 people in HR have no login", "1 of 2 shifts are of people whom HR does not know", "1 of 2 units belong to no department",
			"Of 3 rows of access logs, 66.6 % are by accounts that HR knows. Of the 2 that name a patient, 50.0 % are of patients who are known, and 50.0 % are both.",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("width %d: %q is missing in\n%s", width, want, out.String())
			}
		}
		if strings.Contains(strings.ToLower(out.String()), "canary") {
			t.Errorf("width %d: somebody is shown", width)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if limit := max(width, 80); utf8.RuneCountInString(line) > limit {
				t.Errorf("a line of %d characters", utf8.RuneCountInString(line))
			}
		}
	}
}

// A house that says nothing is told what to bring.
func TestCheckHospitalOfNothing(t *testing.T) {
	var out bytes.Buffer
	if err := app.CheckHospital(context.Background(), app.HospitalConfig{Paths: []string{t.TempDir()}}, app.Terminal{Out: &out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nothing was read", "No staff", "No roster", "No patients", "No access log"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if err := app.CheckHospital(context.Background(), app.HospitalConfig{Paths: []string{filepath.Join(t.TempDir(), "none")}}, app.Terminal{Out: &out}); err == nil {
		t.Error("a folder that is not there passes")
	}
	if err := app.CheckHospital(context.Background(), app.HospitalConfig{Paths: []string{t.TempDir()}, Zone: "Nowhere/None"}, app.Terminal{Out: &out}); err == nil {
		t.Error("a place that is nowhere passes")
	}
}
