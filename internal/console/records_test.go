package console_test

import (
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault"
)

// archive is a node that compares what systems say of records.
type archive struct {
	*node
	room     *integrity.Room
	follower *hospital.Follower
	vault    *vault.Vault
	sent     int
	// The doubts that come of the story, by kind.
	doubts map[string]string
}

// nobody are the people of the story. Nobody of them exists, and none stands in a page.
var nobody = []string{"ROE", "RITA", "4711-0815", "47110815", "GRANT", "0044-7001", "14 ELM LANE", "555-0190", "reads this secret"}

// newArchive tells of a result that is changed on its way, vaccinations of people who never came, and two people whose records
// are made one, and a note that claims a time before a death.
func newArchive(t *testing.T) *archive {
	t.Helper()
	a := &archive{doubts: map[string]string{}}
	a.node = newNode(t, func(n *node, cfg *console.Config) {
		a.node = n
		v, err := vault.Passing()
		if err != nil {
			t.Fatal(err)
		}
		a.vault = v
		declared := recordServer(t, "http://127.0.0.1")
		kept, _ := integrity.KeptOf(&declared)
		a.room, err = integrity.OpenRoom(t.Context(), integrity.Config{
			Kept:    []integrity.KeptConfig{kept},
			Journal: n.journal, DB: cfg.DB, Vault: v, Taxonomy: n.tax, Zone: time.UTC, Log: slog.New(slog.DiscardHandler),
			Routes: []integrity.RouteConfig{{Name: "laboratory", From: []string{"tap-lab"}, To: []string{"tap-record"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		a.follower, err = hospital.NewFollower(t.Context(), hospital.FollowerConfig{
			Journal: n.journal, DB: cfg.DB, Vault: v, Taxonomy: n.tax, House: hospital.Options{Authority: "ALDER"}, Read: factsBeside, Rooms: []hospital.Hooks{a.room.Hooks()}, Save: 50 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Integrity = a.room
	})
	a.run(a.follower.Run)
	a.story()
	a.wait("the room has its doubts", func() bool {
		all, err := a.room.Doubts(t.Context(), time.Time{}, 100)
		if err != nil {
			return false
		}
		for _, d := range all {
			a.doubts[d.Kind] = d.ID
		}
		return len(a.doubts) == 5
	})
	a.wait("they are findings", func() bool {
		c, err := a.desk.Counts(t.Context())
		return err == nil && len(c.States) > 0
	})
	return a
}

// factsBeside is factOf for events that may hold no facts.
func factsBeside(ev *event.Event) ([]hospital.Fact, error) {
	if ev.Class.Product != "hl7" || !strings.Contains(string(ev.Fields), `"Facts"`) {
		return nil, nil
	}
	return factOf(ev)
}

func (a *archive) say(sender string, segments ...string) {
	a.t.Helper()
	a.sent++
	a.send(sender, "hl7", "mllp", "", a.now(), map[string]any{"message": strings.Join(segments, "\r") + "\r"})
}

func (a *archive) head(kind string) string {
	return fmt.Sprintf(`MSH|^~\&|LIS|LAB|EHR|HOSP|%s||%s|%d|P|2.5.1`, a.now().UTC().Format("20060102150405"), kind, a.sent)
}

const rita = `PID|1||4711-0815^^^ALDER^MR||ROE^RITA||19560403|F|||14 ELM LANE^^ALDER||555-0190`

func (a *archive) story() {
	a.t.Helper()
	var facts []hospital.Fact
	for number, h := range map[string]hospital.Human{"4711-0815": {Family: "Roe", Given: "Rita", National: "N-0001", Born: time.Date(1956, 4, 3, 0, 0, 0, 0, time.UTC)}, "0044-7009": {Family: "Grant", Given: "Gil", National: "N-0002", Born: time.Date(1970, 1, 9, 0, 0, 0, 0, time.UTC)}} {
		facts = append(facts, hospital.Fact{Patient: &hospital.PatientFact{IDs: []hospital.Identifier{{Authority: "ALDER", Type: "MR", Value: number}}, Human: h, Died: a.now().Add(-48 * time.Hour)}})
	}
	a.send("house", "hl7", "mllp", "", a.now(), map[string]any{"Facts": facts})
	for _, one := range []struct{ point, value, flag string }{{"tap-lab/10.0.0.5", "6.8", "HH"}, {"tap-record/10.0.0.9:2575", "4.1", "N"}} {
		a.sent = 1
		a.sent = 1
		a.say(one.point, a.head("ORU^R01^ORU_R01"), rita, `PV1|1|I|4W^12^1`, `OBR|1|P1|F1|24323-8^Panel^LN|||20260302073000`,
			`OBX|1|NM|2823-3^Potassium of ROE^LN||`+one.value+`|mmol/L|3.5-5.1|`+one.flag+`|||F`, `NTE|1||Whoever reads this secret knows too much`)
	}
	a.sent = 100
	for i := range 5 {
		a.say("vaccines", a.head("VXU^V04^VXU_V04"), fmt.Sprintf(`PID|1||0044-700%d^^^ALDER^MR||GRANT^G%d||1970010%d|F`, i, i, i+1), fmt.Sprintf(`ORC|RE||V%d|||||||55208^HOLM^IDA`, i),
			`RXA|0|1|`+a.now().UTC().Add(time.Hour).Format("20060102150405")+`||207^COVID-19^CVX|0.5|mL||00|||||||||||CP|A`)
	}
	a.say("registration", a.head("ADT^A40^ADT_A39"), `EVN|A40|||01|55301`, rita, `MRG|0044-7009^^^ALDER^MR`)
	a.say("notes", a.head("MDM^T02^MDM_T02"), `EVN|T02`, rita, `TXA|1|PN|TX|`+a.now().UTC().Add(-9*24*time.Hour).Format("20060102150405")+`|||||55208|||D1|||||AU`, `OBX|1|TX|||Round done. Nobody reads this secret||||||F`)
	a.pass(25 * time.Minute) // so that it is known whether others came late
	a.say("others", a.head("ADT^A08^ADT_A01"), `PID|1||0044-9999^^^ALDER^MR||GRANT^X`)
	for _, value := range []string{"212", "21"} { // somebody lowers a value in the laboratory's database
		a.send("export", "records", "row", "", a.now(), map[string]any{"row": map[string]any{
			"system": "LIS", "table": "result", "sort": "result", "key": "R77", "version": "1", "updated": "2026-03-02T07:30:00Z", "patient": "4711-0815", "authority": "ALDER",
			"content": map[string]string{"RESULT_ID": "R77", "PATIENT_ID": "4711-0815", "VALUE": value, "UNIT": "ug/mL"},
		}})
	}
}

// text is a page's source with its entities undone.
func text(body string) string { return html.UnescapeString(body) }

// without reports what a page says of people.
func (a *archive) without(what, body string) {
	a.t.Helper()
	for _, word := range nobody {
		if strings.Contains(body, word) {
			a.t.Errorf("%s names somebody: %s", what, word)
		}
	}
}

// TestWhatMayNotBeTrue asks for the list and for each doubt, as a person and as a program.
func TestWhatMayNotBeTrue(t *testing.T) {
	a := newArchive(t)
	admin := a.first()
	p := a.hire(admin, "m.okafor", "M. Okafor", access.Analyst)
	status, body := p.get("/records")
	a.without("the list", body)
	for _, want := range []string{"No. Three things may harm somebody, two more are to be looked at.", "A result was changed on its way", "Value and flag.", "Vaccinations were entered for people who were not there", "5 messages",
		"Records of two different people were made one", "1 message of 1", "3<span class=\"vh\"> to act now", "Until "} {
		if !strings.Contains(text(body), want) {
			t.Errorf("status %d: the list does not say %q", status, want)
		}
	}
	if strings.LastIndex(body, "Records of two different people") > strings.LastIndex(body, "A note claims an earlier time") {
		t.Error("the newest of today stands before the worst")
	}
	for kind, wants := range map[string][]string{
		"altered":         {"No. The record received 4.1 mmol/L; the laboratory sent 6.8 mmol/L.", "Tell ward 4W: do not act on 4.1 mmol/L", "6.8 is above the usual range of 3.5 to 5.1; 4.1 is within it.", "Potassium of •••• (2823-3)", "High, urgent", "Laboratory: 6.8 mmol/L; Record: 4.1 mmol/L."},
		"unfounded":       {"We doubt it. Five vaccinations were entered for people who were not here.", "COVID-19, said to be given", "Of 5 patients who are said to have been given it, 5 had no visit", "••••08"},
		"back-dated":      {"We doubt its date.", "The time that the note claims", "Really received: note written", "of the kind PN", "It was written 9 days after the time that it claims", "a complaint, a legal matter or a death came up"},
		"row-unversioned": {"A record was changed behind the back of its program.", "Ask who may write to this database", "Read before", "Then and now", "Changed where it is kept, not on the way."},
		"merged":          {"We doubt it. Records of two different people were made one.", "Have the merge undone", "The two records have different family names.", "Two records were made one", "left: speaks for the chart"},
	} {
		status, body := p.get("/records/" + a.doubts[kind])
		a.without(kind, body)
		for _, want := range append(wants, "What this does not prove", "wardline journal prove") {
			if !strings.Contains(text(body), want) {
				t.Errorf("%s, status %d: the page does not say %q:\n%s", kind, status, want, text(body))
			}
		}
	}
	if status, _ := p.get("/records/none"); status != http.StatusNotFound {
		t.Errorf("a doubt that is none: status %d", status)
	}
	if _, trail := p.get("/trail"); !strings.Contains(trail, "opened a doubt about a record") {
		t.Error("the trail does not say who looked")
	}
	auditor := a.hire(admin, "t.audit", "T. Audit", access.Auditor)
	if status, _ := auditor.get("/records"); status != http.StatusForbidden {
		t.Errorf("an auditor saw the list: status %d", status)
	}
	a.askedByAProgram(admin)
}

// askedByAProgram reads a doubt with a token, and has the trail fail once: then nothing is shown.
func (a *archive) askedByAProgram(admin *person) {
	a.t.Helper()
	ctx := access.WithActor(a.t.Context(), access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: append(access.FirstRoles(), access.Analyst)})
	token, err := a.house.Issue(ctx, access.TokenSpec{Name: "dashboard", Role: access.Reader, Scope: []access.Verb{access.RecordRead}})
	if err != nil {
		a.t.Fatal(err)
	}
	ask := func(path string) (int, string) {
		req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.srv.URL+"/api/v1"+path, nil)
		if err != nil {
			a.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := a.browser().Do(req)
		if err != nil {
			a.t.Fatal(err)
		}
		defer resp.Body.Close()
		var body json.RawMessage
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
			a.t.Fatal(err)
		}
		a.without(path, string(body))
		return resp.StatusCode, string(body)
	}
	if status, body := ask("/records"); status != http.StatusOK || strings.Contains(body, `"6.8`) || !strings.Contains(body, `"compared":1`) {
		a.t.Errorf("status %d: %s", status, body)
	}
	if status, body := ask("/records/" + a.doubts["altered"]); status != http.StatusOK || !strings.Contains(body, `"before":"6.8 mmol/L","after":"4.1 mmol/L","changed":true`) {
		a.t.Errorf("status %d: %s", status, body)
	}
	a.seal.broken.Store(true)
	defer a.seal.broken.Store(false)
	if status, body := ask("/records/" + a.doubts["altered"]); status != http.StatusServiceUnavailable || strings.Contains(body, `"6.8`) {
		a.t.Errorf("shown without a trail: status %d: %s", status, body)
	}
}

// TestAFindingLeadsToItsDoubt follows the link that a finding about records has.
func TestAFindingLeadsToItsDoubt(t *testing.T) {
	a := newArchive(t)
	p := a.hire(a.first(), "m.okafor", "M. Okafor", access.Senior)
	a.wait("the finding is in the queue", func() bool {
		_, body := p.get("/findings?rule=integrity-altered")
		return strings.Contains(body, "A value was changed on its way")
	})
	_, body := p.get("/findings?rule=integrity-altered")
	if !strings.Contains(body, `href="/records/`+a.doubts["altered"]+`"`) {
		t.Errorf("no way to the doubt:\n%s", text(body))
	}
	all, err := a.desk.List(t.Context(), triage.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range all {
		if err := a.desk.Judge(t.Context(), item.ID, triage.True, "told the ward", p.id); err != nil {
			t.Fatal(err)
		}
	}
	if _, body := p.get("/records"); strings.Contains(body, "to act now") {
		t.Error("all is judged, and the rail still has its mark")
	}
}

// TestRecordsThatNobodyCompares says what to do where the room is off.
func TestRecordsThatNobodyCompares(t *testing.T) {
	n := newNode(t)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	if status, body := p.get("/records"); status != http.StatusOK || !strings.Contains(body, "integrity.off") {
		t.Errorf("status %d:\n%s", status, text(body))
	}
}

// TestNobodyReadsDoubtsAboutOneself: neither who wrote what is doubted, nor who reports to that person.
func TestNobodyReadsDoubtsAboutOneself(t *testing.T) {
	o := openOffice(t, &office{withCharts: true})
	for _, author := range []string{"55208^HOLM^IDA", "55100^BIRCH^BO"} {
		for i := range 5 {
			o.send("vaccines", "hl7", "mllp", "", o.now(), map[string]any{"message": strings.Join([]string{
				fmt.Sprintf(`MSH|^~\&|VAX|ALDER|EHR|HOSP|%s||VXU^V04^VXU_V04|%s%d|P|2.5.1`, o.now().UTC().Format("20060102150405"), author[:5], i),
				fmt.Sprintf(`PID|1||0100-000%d^^^ALDER^MR||STONE^SAM%d||1986010%d|M`, i, i, i+1), fmt.Sprintf(`ORC|RE||V%s%d|||||||%s`, author[:5], i, author),
				`RXA|0|1|` + o.now().UTC().Add(time.Hour).Format("20060102150405") + `||207^COVID-19^CVX|0.5|mL||00|||||||||||CP|A`,
			}, "\r") + "\r"})
		}
	}
	about := map[string]string{}
	o.wait("there are doubts about both", func() bool {
		all, err := o.charts.Doubts(t.Context(), time.Time{}, 10)
		for _, d := range all {
			about[d.Author] = d.ID
		}
		return err == nil && about["55208"] != "" && about["55100"] != ""
	})
	admin := o.first()
	for name, want := range map[string]struct{ holm, birch int }{"r.holm": {404, 404}, "b.birch": {200, 404}, "q.quill": {200, 200}} {
		p := o.hire(admin, name, strings.ToUpper(name), access.Analyst)
		_, list := p.get("/records")
		for author, status := range map[string]int{"55208": want.holm, "55100": want.birch} {
			if got, _ := p.get("/records/" + about[author]); got != status {
				t.Errorf("%s opens the doubt about %s: status %d, want %d", name, author, got, status)
			}
			if listed := strings.Contains(list, about[author]); listed != (status == http.StatusOK) {
				t.Errorf("%s has the doubt about %s listed: %t", name, author, listed)
			}
		}
	}
}
