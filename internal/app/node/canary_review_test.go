package node_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/sim/score"
)

// named is how many of the patients the screens of people may name: by their numbers they ask, and whose names they have shown.
const named = 3

// seen is what somebody did with the records of several patients at once.
func seen(verb, who string, birds []canary) string {
	var patients []string
	for i := range birds {
		c := &birds[i]
		patients = append(patients, fmt.Sprintf(`{"what":{"reference":"Patient/%s","display":"%s, %s","identifier":{"value":%q}},"name":%q,"type":{"code":"1"},"role":{"code":"1"}}`, c.mrn, c.family, c.given, c.mrn, c.family))
	}
	return fmt.Sprintf(`{"resourceType":"AuditEvent","type":{"code":"rest"},"subtype":[{"code":%q}],"action":"R","recorded":%q,"outcome":"0","agent":[{"who":{"identifier":{"value":%q}},"requestor":true}],
		"source":{"observer":{"display":"ehr.example.org"}},"entity":[%s]}`, verb, time.Now().UTC().Format(time.RFC3339Nano), who, strings.Join(patients, ","))
}

// takeAway has nurse8 take away a report of the first patients, and nurse9, who left, open the first one's record: cases that are opened at once.
func (a *aviary) takeAway() {
	a.t.Helper()
	const staff = "staff_id,logins,family_name,given_name,job_title,department,start_date,end_date\n8,nurse8,Eight,Nurse,Registered Nurse,4W,2020-01-01,\n9,nurse9,Nine,Nurse,Registered Nurse,4W,2020-01-01,2024-01-31\n"
	part := filepath.Join(a.dir, "in", "staff.part")
	if err := os.WriteFile(part, []byte(staff), 0o600); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(part, filepath.Join(a.dir, "in", "staff.csv")); err != nil {
		a.t.Fatal(err)
	}
	c, err := node.ReadConfig(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	a.eventually(func() bool {
		var s node.Status
		err := node.Control(a.t.Context(), &c, "/status", nil, &s)
		return err == nil && s.House != nil && s.House.Overview.Staff > 0
	})
	for _, did := range []string{seen("export", "nurse8", a.birds[:named]), seen("read", "nurse9", a.birds[:1])} {
		a.ask("POST", "http://"+a.plain+"/fhir/AuditEvent", "application/fhir+json", did)
	}
	a.eventually(func() bool { return len(a.cases()) > 1 })
}

var openCase = regexp.MustCompile(`"/review/([0-9a-f]{12,})"`)

func (a *aviary) cases() (ids []string) {
	for _, m := range openCase.FindAllStringSubmatch(a.mask("GET", "/review", nil), -1) {
		ids = append(ids, m[1])
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// mask asks the console for what names nobody, not even the first patients.
func (a *aviary) mask(method, path string, form url.Values) string {
	a.t.Helper()
	kind := "text/plain"
	if form != nil {
		kind = "application/x-www-form-urlencoded"
	}
	page := a.ask(method, a.console+path, kind, form.Encode())
	a.masked.look("a masked page, "+method+" "+regexp.MustCompile(`[0-9A-Za-z]{12,}|\d+`).ReplaceAllString(path, "N"), []byte(page))
	return page
}

// reveal has names shown on a page, and masked again, and returns how often the first patient was named.
func (a *aviary) reveal(page, reason string) int {
	a.t.Helper()
	a.mask("GET", page, nil)
	a.mask("POST", page+"/reveal", nil) // without a reason
	a.mask("GET", page, nil)
	if to := a.mask("POST", page+"/reveal", url.Values{"reason": {reason}}); to != page {
		a.t.Fatalf("names are not shown: %.300s", to)
	}
	shown := a.ask("GET", a.console+page, "text/plain", "")
	a.mask("GET", "/review", nil)
	a.mask("POST", page+"/conceal", nil)
	a.mask("GET", page, nil)
	return strings.Count(shown, a.birds[0].family)
}

// review does what a privacy officer does.
func (a *aviary) review() {
	a.t.Helper()
	ids, names := a.cases(), 0
	for _, id := range ids {
		names += a.reveal("/review/"+id, "review")
	}
	if names == 0 {
		a.t.Errorf("none of %d cases shows the patient whom it is about", len(ids))
	}
	who := url.Values{"patient": {a.birds[0].mrn}, "reason": {"patient"}, "from": {time.Now().AddDate(0, 0, -1).Format(time.DateOnly)}, "to": {time.Now().AddDate(0, 0, 1).Format(time.DateOnly)}}
	list := a.mask("POST", "/patients/who-saw", who)
	if !strings.HasPrefix(list, "/patients/who-saw/") {
		a.t.Fatalf("no list of who saw a chart: %.300s", list)
	}
	if a.reveal(list, "patient") == 0 {
		a.t.Error("who saw a chart does not show whose it is")
	}
	who.Set("patient", a.birds[0].mrn+"7") // nobody's
	a.mask("POST", "/patients/who-saw", who)
	day := a.mask("POST", "/people-at-work", url.Values{"person": {"nurse8"}, "day": {time.Now().Format(time.DateOnly)}, "reason": {"case"}})
	if !strings.HasPrefix(day, "/people-at-work/") {
		a.t.Fatalf("no day at work: %.300s", day)
	}
	if a.reveal(day, "case") == 0 {
		a.t.Error("a day does not show whose records were opened")
	}
	for _, path := range []string{"/review", "/review?view=decided", "/review/explained", "/review/missed", "/review/" + ids[0] + "/breach", "/patients/who-saw", "/people-at-work", "/trail"} {
		a.mask("GET", path, nil)
	}
	typed := &a.birds[0]
	a.ask("POST", a.console+"/review/"+ids[0]+"/decide", "application/x-www-form-urlencoded",
		url.Values{"outcome": {"policy"}, "why": {"spoke about " + typed.given + " " + typed.family + ", " + typed.mrn}}.Encode())
	a.ask("GET", a.console+"/review/"+ids[0], "text/plain", "")
}

// scored holds the node's cases against a truth that names patients. Neither the figures nor what is wrong with the file name any.
func (a *aviary) scored() {
	a.t.Helper()
	c, err := node.ReadConfig(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	truth := filepath.Join(a.dir, "truth.jsonl")
	text := ""
	for i := range a.birds {
		text += quoted(map[string]any{"touch": map[string]any{"day": time.Now().Format(time.DateOnly), "user": "nurse7", "mrn": a.birds[i].mrn, "why": "care"}}) + "\n"
	}
	var victims []string
	for _, bird := range a.birds[:named] {
		victims = append(victims, bird.mrn)
	}
	text += quoted(map[string]any{"story": map[string]any{"id": "T01", "title": "A report is taken away", "actors": []string{"nurse8"}, "victims": victims, "case": true, "target": "24h",
		"start": time.Now().Add(-time.Hour), "end": time.Now().Add(time.Hour)}}) + "\n"
	for _, file := range []string{text, text + `{"touch":{"mrn":"` + a.birds[0].mrn + `","user":"` + a.birds[0].family} {
		if err := os.WriteFile(truth, []byte(file), 0o600); err != nil {
			a.t.Fatal(err)
		}
		var r score.Report
		err := node.Control(a.t.Context(), &c, "/score", node.ScoreAsked{Truth: truth, From: time.Now().Add(-48 * time.Hour)}, &r)
		whole := file == text
		if whole != (err == nil) || whole && (r.Cases == 0 || len(r.Stories) != 1 || !r.Stories[0].Found) {
			a.t.Errorf("scored %d cases, %v: %v", r.Cases, r.Stories, err)
		}
		said, _ := json.Marshal(r)
		a.masked.look("a score", fmt.Appendf(said, "%v", err))
		a.screens.look("a score", fmt.Appendf(said, "%v", err))
	}
	if err := os.Remove(truth); err != nil {
		a.t.Fatal(err)
	}
}
