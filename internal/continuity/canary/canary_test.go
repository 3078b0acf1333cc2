package canary_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/event"
)

func noon(days int) time.Time { return time.Date(2026, 3, 1+days, 12, 0, 0, 0, time.UTC) }

func taxonomy(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

func says(t testing.TB, c *event.Class, at time.Time, fields string) *event.Event {
	t.Helper()
	ev := &event.Event{Time: at, Class: c, Fields: []byte(fields)}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	return ev
}

func watching(t testing.TB, canaries ...canary.Canary) *canary.Watch {
	t.Helper()
	w := canary.NewWatch(noon(0))
	for _, c := range canaries {
		if err := w.Put(c); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func one(k canary.Kind, marks ...canary.Mark) canary.Canary {
	return canary.Canary{ID: string(k) + "-1", Kind: k, Where: "here", Marks: marks, Made: noon(0)}
}

// aviary is one canary of each kind.
func aviary() []canary.Canary {
	return []canary.Canary{
		one(canary.Patient, canary.Mark{Field: canary.Number, Value: "990123456"}),
		one(canary.Study, canary.Mark{Field: canary.UID, Value: "2.25.77"}),
		one(canary.Message, canary.Mark{Field: canary.Number, Value: "990123457"}),
		one(canary.Row, canary.Mark{Field: canary.Mail, Value: "edith.k2p@north.example"}),
		one(canary.File, canary.Mark{Field: canary.Name, Value: "~AAAA Payroll export 2024 kx7p2q.csv"}),
		one(canary.Account, canary.Mark{Field: canary.Login, Value: "svc_pacs_admin07"}),
		one(canary.AETitle, canary.Mark{Field: canary.Title, Value: "CT_ER_OLD123"}),
		one(canary.Listener, canary.Mark{Field: canary.Address, Value: "10.1.2.3:104"}),
		one(canary.Token, canary.Mark{Field: canary.Secret, Value: "k7mzq2p9x4vw8n3tbh5cday6"}),
	}
}

func TestWhatIsATrip(t *testing.T) {
	tax := taxonomy(t)
	w := watching(t, aviary()...)
	for _, tt := range []struct {
		name                   string
		product, service, code string
		fields                 string
		want                   string // kind act level who from; empty for none
	}{
		{"listed", "ehr", "audit", "", `{"access":{"verb":"search","user":"ann","patient":["4711","990123456"],"origin_ip":"10.9.9.9"}}`, "patient listed low ann 10.9.9.9"},
		{"opened, which the privacy room judges", "ehr", "audit", "", `{"access":{"verb":"read","user":"ann","patient":["990123456"]}}`, "patient opened high ann  ruled"},
		{"another patient", "ehr", "audit", "", `{"access":{"verb":"read","user":"ann","patient":["99012345"]}}`, ""},
		{"registered", "hl7", "mllp", "", `{"MSH-9":"ADT^A28","access":{"verb":"create","patient":["990123456"]}}`, ""},
		{"asked for by HL7", "hl7", "mllp", "", `{"MSH-9":"QBP^Q22","src_ip":"10.9.9.1","access":{"verb":"search","patient":["990123456"]}}`, "patient listed low  10.9.9.1"},
		{"found by C-FIND", "dicom", "assoc", "", `{"command":"C-FIND","CallingAETitle":"WS7","id.orig_h":"10.9.9.8","PatientID":"990123456"}`, "patient listed low  10.9.9.8"},
		{"test message", "hl7", "mllp", "", `{"access":{"verb":"create","patient":["990123457"]}}`, ""},
		{"test message's record opened", "ehr", "audit", "", `{"access":{"verb":"print","user":"bob","patient":["990123457"]}}`, "message exported high bob "},
		{"study retrieved", "dicom", "assoc", "", `{"command":"C-MOVE","id.orig_h":"10.9.9.8","StudyInstanceUID":"2.25.77"}`, "study exported high  10.9.9.8"},
		{"row in mail", "zeek", "smtp", "", `{"id.orig_h":"10.9.9.7","rcptto":["x@else.example","Edith.K2P@north.example"]}`, "row seen high  10.9.9.7"},
		{"file renamed on a share", "zeek", "smb_files", "", `{"id.orig_h":"10.9.9.6","action":"SMB::FILE_RENAME","name":"Letters\\~aaaa payroll export 2024 kx7p2q.csv"}`, "file renamed critical  10.9.9.6"},
		{"file deleted", "windows", "Microsoft-Windows-Sysmon/Operational", "23", `{"EventID":23,"Computer":"FS1","User":"NORTH\\ann","TargetFilename":"D:\\x\\~AAAA Payroll export 2024 kx7p2q.csv"}`, `file deleted critical NORTH\ann `},
		{"file read, by the audit of Windows", "windows", "Security", "4663", `{"EventID":4663,"Computer":"FS1","SubjectUserName":"ann","ObjectName":"D:\\x\\~AAAA Payroll export 2024 kx7p2q.csv","AccessMask":"0x1"}`, "file opened high ann "},
		{"file written, by the audit of Windows", "windows", "Security", "4663", `{"EventID":4663,"Computer":"FS1","SubjectUserName":"ann","ObjectName":"D:\\x\\~AAAA Payroll export 2024 kx7p2q.csv","AccessMask":"0x2"}`, "file written critical ann "},
		{"account tried", "windows", "Security", "4625", `{"EventID":4625,"Computer":"DC1","TargetUserName":"SVC_PACS_ADMIN07","TargetDomainName":"NORTH","IpAddress":"10.9.9.5"}`, "account tried high  10.9.9.5"},
		{"ticket for the account", "windows", "Security", "4769", `{"EventID":4769,"Computer":"DC1","TargetUserName":"ann@NORTH","ServiceName":"svc_pacs_admin07","IpAddress":"10.9.9.5"}`, "account tried high ann@NORTH 10.9.9.5"},
		{"account made", "windows", "Security", "4720", `{"EventID":4720,"Computer":"DC1","TargetUserName":"svc_pacs_admin07"}`, "account seen low  "},
		{"title called", "dicom", "assoc", "", `{"command":"A-ASSOCIATE","CallingAETitle":"EVIL","CalledAETitle":"ct_er_old123 ","id.orig_h":"10.9.9.4"}`, "ae-title called high  10.9.9.4"},
		{"door in Zeek", "zeek", "conn", "", `{"id.orig_h":"10.9.9.3","id.resp_h":"10.1.2.3","id.resp_p":104}`, "listener called high  10.9.9.3"},
		{"another port", "zeek", "conn", "", `{"id.orig_h":"10.9.9.3","id.resp_h":"10.1.2.3","id.resp_p":1104}`, ""},
		{"token in an address", "zeek", "http", "", `{"id.orig_h":"10.9.9.2","host":"letters.example","uri":"/d/K7mzq2p9x4vw8n3tbh5cday6?x=1"}`, "token fetched high  10.9.9.2"},
		{"token in a name", "zeek", "dns", "", `{"id.orig_h":"10.9.9.2","query":"k7mzq2p9x4vw8n3tbh5cday6.letters.example"}`, "token fetched high  10.9.9.2"},
		{"own watcher", "wardline", "canary", "", `{"product":"wardline","service":"canary","type":"trip","canary":"file-1","act":"renamed","host":"fs1"}`, "file renamed critical   ruled"},
		{"own watcher's heartbeat", "wardline", "canary", "", `{"product":"wardline","service":"canary","type":"heartbeat","canary":"file-1"}`, ""},
	} {
		got := ""
		for _, trip := range w.Look(says(t, tax.Class(tt.product, tt.service, tt.code), noon(1), tt.fields), nil) {
			got += fmt.Sprintf("%s %s %s %s %s", trip.Kind, trip.Act, trip.Level, trip.User, trip.From)
			if trip.Ruled {
				got += " ruled"
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAllowedOnesMayUntilTheirEnd(t *testing.T) {
	tax := taxonomy(t)
	c := one(canary.File, canary.Mark{Field: canary.Name, Value: "~AAAA x.csv"})
	c.Allow = []canary.Allow{
		{Account: `NORTH\backup`, Owner: "IT", Reason: "backup of every night", Until: noon(10)},
		{Account: "scan", Host: "10.9.9.9", Owner: "IT", Reason: "scanner", Until: noon(10)},
	}
	w := watching(t, c)
	trips := func(day int, user, ip string) int {
		fields, err := json.Marshal(map[string]any{"user": user, "src_ip": ip, "file": map[string]any{"path": "/srv/~AAAA x.csv"}, "TargetFilename": `D:\~AAAA x.csv`, "User": user, "SourceIp": ip})
		if err != nil {
			t.Fatal(err)
		}
		return len(w.Look(says(t, tax.Class("windows", "Microsoft-Windows-Sysmon/Operational", "11"), noon(day), string(fields)), nil))
	}
	for _, tt := range []struct {
		day      int
		user, ip string
		want     int
	}{{1, "backup", "", 0}, {1, `north\Backup`, "10.1.1.1", 0}, {1, "ann", "", 1}, {11, "backup", "", 1}, {1, "scan", "10.9.9.9", 0}, {1, "scan", "10.9.9.8", 1}} {
		if got := trips(tt.day, tt.user, tt.ip); got != tt.want {
			t.Errorf("day %d, %s from %s: %d trips, want %d", tt.day, tt.user, tt.ip, got, tt.want)
		}
	}
	p, _ := w.Proof(c.ID)
	if p.Allowed != 3 || p.Trips != 3 {
		t.Errorf("allowed %d, trips %d", p.Allowed, p.Trips)
	}
}

func TestWhatIsEarlierBelongsToTheMaking(t *testing.T) {
	tax := taxonomy(t)
	c := one(canary.Study, canary.Mark{Field: canary.UID, Value: "2.25.77"})
	c.Armed = noon(1)
	w := watching(t, c)
	sent := func(at time.Time) int {
		return len(w.Look(says(t, tax.Class("dicom", "assoc", ""), at, `{"command":"C-STORE","StudyInstanceUID":"2.25.77"}`), nil))
	}
	if got := [...]int{sent(noon(-1)), sent(noon(1).Add(-time.Second)), sent(noon(1))}; got != [...]int{0, 0, 1} {
		t.Errorf("trips %v", got)
	}
}

func TestQuietByProof(t *testing.T) {
	tax := taxonomy(t)
	w := watching(t, aviary()...)
	conn, audit := tax.Class("zeek", "conn", ""), tax.Class("ehr", "audit", "")
	for i := range 30 {
		w.Look(says(t, conn, noon(i), `{"id.orig_h":"10.9.9.3","id.resp_h":"10.1.2.9","id.resp_p":104}`), nil)
		w.Look(says(t, audit, noon(i), `{"access":{"verb":"read","user":"ann","patient":["4711"]}}`), nil)
		w.Look(says(t, audit, noon(i), `{"access":{"verb":"login","user":"ann"}}`), nil)
		w.Look(says(t, conn, noon(i), `{"id.orig_h":"10.9.9.3","id.resp_h":"10.1.2.3"}`), nil) // no port, and so no door
	}
	if missed := w.SelfTest(noon(29)); len(missed) != 0 {
		t.Errorf("a test missed %v", missed)
	}
	for id, want := range map[string]string{
		"listener-1": "no trip in 41 days, 30 events looked at, last self-test 12 days ago",
		"patient-1":  "no trip in 41 days, 30 events looked at, last self-test 12 days ago", // a login could not have shown it
		"account-1":  "no trip in 41 days, 60 events looked at, last self-test 12 days ago",
		"study-1":    "no trip in 41 days, but no event came that could have shown it, last self-test 12 days ago",
	} {
		p, ok := w.Proof(id)
		if got := p.Say(noon(41)); !ok || got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if p, _ := w.Proof("patient-1"); p.Trips != 0 || !slices.Equal(p.Classes, []string{audit.Key}) {
		t.Errorf("the test was counted, or another class: %+v", p)
	}
}

func TestWhatATestMissesIsNotProven(t *testing.T) {
	w := watching(t, one(canary.Patient, canary.Mark{Field: canary.Number, Value: "990123456"}), one(canary.Message, canary.Mark{Field: canary.Number, Value: "990\xff123"})) // no event is other than UTF-8
	if missed := w.SelfTest(noon(1)); !slices.Equal(missed, []string{"message-1"}) {
		t.Errorf("missed %v", missed)
	}
	good, _ := w.Proof("patient-1")
	bad, _ := w.Proof("message-1")
	if good.Tested != noon(1) || !bad.Tested.IsZero() || !strings.HasSuffix(bad.Say(noon(2)), "no self-test has found it yet") {
		t.Errorf("tested %v and %v", good.Tested, bad.Tested)
	}
}

func TestStateIsKept(t *testing.T) {
	tax := taxonomy(t)
	w := watching(t, aviary()...)
	trip := says(t, tax.Class("zeek", "dns", ""), noon(1), `{"query":"k7mzq2p9x4vw8n3tbh5cday6.letters.example"}`)
	w.Look(trip, nil)
	w.SelfTest(noon(2))
	saved, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	again, err := canary.Restore(saved)
	if err != nil {
		t.Fatal(err)
	}
	resaved, err := again.Save()
	if err != nil || string(resaved) != string(saved) {
		t.Errorf("it comes back as %s, %v", resaved, err)
	}
	if trips := again.Look(trip, nil); len(trips) != 1 {
		t.Errorf("what was restored finds %v", trips)
	}
	again.Remove("token-1")
	if trips := again.Look(trip, nil); len(trips) != 0 || len(again.All()) != 8 {
		t.Errorf("what was removed is found: %v", trips)
	}
	if _, err := canary.Restore([]byte(`{"version":2}`)); err == nil {
		t.Error("another version is read")
	}
}

func TestMadeOnesAreFound(t *testing.T) {
	site := canary.Site{Surnames: []string{"O'Tøol|e"}, Address: "10.1.2.3:104", Domain: "north.example", Web: "https://letters.north.example/"}
	for _, k := range canary.Kinds() {
		seen := map[string]bool{}
		for range 20 {
			d, err := canary.Make(k, "here", site, noon(0), canary.Dice())
			if err != nil {
				t.Fatal(err)
			}
			w := watching(t, d.Canary)
			if missed := w.SelfTest(noon(1)); len(missed) != 0 {
				t.Errorf("%s is not found", k)
			}
			if seen[d.Canary.ID] || k != canary.Listener && seen[d.Canary.Marks[0].Value] && k != canary.Account && k != canary.AETitle {
				t.Errorf("%s was made twice", k)
			}
			seen[d.Canary.ID], seen[d.Canary.Marks[0].Value] = true, true
		}
	}
	a, _ := canary.Make(canary.Row, "here", site, noon(0), rand.New(rand.NewPCG(1, 2)))
	b, _ := canary.Make(canary.Row, "here", site, noon(0), rand.New(rand.NewPCG(1, 2)))
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("the same dice make two rows")
	}
}

func TestMadePatientCanBeRegistered(t *testing.T) {
	d, err := canary.Make(canary.Patient, "here", canary.Site{Surnames: []string{"O'Tøol|e"}, Authority: "NORTH"}, noon(0), canary.Dice())
	if err != nil {
		t.Fatal(err)
	}
	m, err := hl7.Parse(d.Bytes, hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	text := string(m.Render())
	if text != string(d.Bytes) || !strings.Contains(text, `O'Tøol\F\e^`) || !strings.Contains(text, d.Canary.Marks[0].Value+"^^^NORTH^MR") {
		t.Errorf("the message is %q", text)
	}
}

func TestMadeStudyIsRead(t *testing.T) {
	d, err := canary.Make(canary.Study, "here", canary.Site{Root: "1.2.3.4."}, noon(0), canary.Dice())
	if err != nil {
		t.Fatal(err)
	}
	f, err := dicom.ParseFile(d.Bytes, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got := f.DataSet.Text(0x0020000D); got != d.Canary.Marks[0].Value || !strings.HasPrefix(got, "1.2.3.4.") || string(f.Render()) != string(d.Bytes) {
		t.Errorf("the study is %s", got)
	}
	path := filepath.Join(t.TempDir(), d.Name)
	if err := os.WriteFile(path, d.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	if dump := string(dicomtest.Run(t, "dcmdump", path)); !strings.Contains(dump, "QA phantom") || strings.Contains(dump, "W:") {
		t.Errorf("DCMTK says\n%s", dump)
	}
}

func TestFilesStandFirstAndLast(t *testing.T) {
	folder := []string{"0 urgent.txt", "2024", "Aaa.doc", "zz top.mp3", "_archive", "#1.xls", "~$letter.docx"}
	for range 50 {
		a, z := canary.MakeFile("f", canary.First, noon(0), canary.Dice()), canary.MakeFile("f", canary.Last, noon(0), canary.Dice())
		for _, order := range map[string]func(string) string{"bytes": strings.Clone, "NTFS": strings.ToUpper} {
			names := append(slices.Clone(folder), a.Name, z.Name)
			slices.SortFunc(names, func(a, b string) int { return strings.Compare(order(a), order(b)) })
			if names[0] != a.Name || names[len(names)-1] != z.Name {
				t.Errorf("in order: %q", names)
			}
		}
		if len(a.Bytes) < 24<<10 || len(a.Bytes) > 1<<20 || len(z.Bytes) < 24<<10 || len(z.Bytes) > 1<<20 {
			t.Errorf("sizes %d, %d", len(a.Bytes), len(z.Bytes))
		}
	}
}

func TestSeverity(t *testing.T) {
	for _, tt := range []struct {
		k    canary.Kind
		a    canary.Act
		want sigma.Level
	}{
		{canary.Patient, canary.Listed, sigma.LevelLow}, {canary.Patient, canary.Opened, sigma.LevelHigh}, {canary.File, canary.Opened, sigma.LevelHigh},
		{canary.File, canary.Written, sigma.LevelCritical}, {canary.File, canary.Renamed, sigma.LevelCritical}, {canary.File, canary.Deleted, sigma.LevelCritical},
		{canary.File, canary.Touched, sigma.LevelMedium}, {canary.Row, canary.Seen, sigma.LevelHigh}, {canary.Account, canary.Seen, sigma.LevelLow},
	} {
		if got := canary.Severity(tt.k, tt.a); got != tt.want || canary.Meaning(tt.k, tt.a) == "" {
			t.Errorf("%s %s: %s, want %s", tt.k, tt.a, got, tt.want)
		}
	}
}

func TestBadOnesAreRefused(t *testing.T) {
	good := one(canary.Patient, canary.Mark{Field: canary.Number, Value: "990123456"})
	for name, spoil := range map[string]func(*canary.Canary){
		"id": func(c *canary.Canary) { c.ID = "" }, "kind": func(c *canary.Canary) { c.Kind = "bird" }, "marks": func(c *canary.Canary) { c.Marks = nil },
		"short":  func(c *canary.Canary) { c.Marks = []canary.Mark{{Field: canary.Number, Value: "1"}} },
		"field":  func(c *canary.Canary) { c.Marks = []canary.Mark{{Field: "beak", Value: "12345"}} },
		"secret": func(c *canary.Canary) { c.Marks = []canary.Mark{{Field: canary.Secret, Value: "short"}} },
		"dashes": func(c *canary.Canary) {
			c.Marks = []canary.Mark{{Field: canary.Secret, Value: "k7mz-q2p9-x4vw-8n3t-bh5c"}}
		},
		"made":  func(c *canary.Canary) { c.Made = time.Time{} },
		"allow": func(c *canary.Canary) { c.Allow = []canary.Allow{{Account: "ann", Owner: "IT", Reason: "backup"}} },
		"owner": func(c *canary.Canary) { c.Allow = []canary.Allow{{Account: "ann", Until: noon(9)}} },
		"whom":  func(c *canary.Canary) { c.Allow = []canary.Allow{{Owner: "IT", Reason: "backup", Until: noon(9)}} },
	} {
		c := good
		spoil(&c)
		if c.Check() == nil || canary.NewWatch(noon(0)).Put(c) == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

// FuzzLook holds the table to a plain comparison, whatever stands in a field.
func FuzzLook(f *testing.F) {
	f.Add("990123456", "user")
	f.Add("\x00 990123456 ", "990123456")
	f.Add(`NORTH\ann`, "ANN@north.example")
	f.Add("\u0130\"\\", "\xff\xfe")
	tax := taxonomy(f)
	class := tax.Class("ehr", "audit", "")
	f.Fuzz(func(t *testing.T, value, mark string) {
		c := one(canary.Patient, canary.Mark{Field: canary.Number, Value: mark})
		w := canary.NewWatch(noon(0))
		if w.Put(c) != nil {
			return
		}
		fields, err := json.Marshal(map[string]any{"access": map[string]any{"verb": "read", "patient": []string{"1", value}}})
		if err != nil {
			t.Fatal(err)
		}
		plain := func(s string) string {
			return strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r | 0x20
				}
				return r
			}, strings.Trim(s, " \x00"))
		}
		if !json.Valid([]byte(`"`+mark+`"`)) || strings.ToValidUTF8(value, "?") != value || strings.ToValidUTF8(mark, "?") != mark {
			return
		}
		want := 0
		if plain(value) == plain(mark) && len(value) <= 512 {
			want = 1
		}
		if got := len(w.Look(says(t, class, noon(1), string(fields)), nil)); got != want {
			t.Fatalf("%d trips, want %d", got, want)
		}
	})
}

// FuzzRestore reads states that nobody saved.
func FuzzRestore(f *testing.F) {
	saved, err := watching(f, aviary()...).Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(saved)
	f.Add([]byte(`{"version":1,"counts":{"x":null}}`))
	f.Fuzz(func(t *testing.T, saved []byte) {
		w, err := canary.Restore(saved)
		if err != nil {
			return
		}
		again, err := w.Save()
		if err != nil {
			return // years that JSON cannot say
		}
		if _, err := canary.Restore(again); err != nil {
			t.Fatal(err)
		}
	})
}

// TestACanaryCountsWhatCameSinceIt puts one in after a month, and one with two marks of a kind.
func TestACanaryCountsWhatCameSinceIt(t *testing.T) {
	tax := taxonomy(t)
	w := watching(t, one(canary.Patient, canary.Mark{Field: canary.Number, Value: "990123456"}))
	read := func(day int) {
		w.Look(says(t, tax.Class("ehr", "audit", ""), noon(day), `{"access":{"verb":"read","user":"ann","patient":["4711"]}}`), nil)
	}
	for day := range 30 {
		read(day)
	}
	late := one(canary.Message, canary.Mark{Field: canary.Number, Value: "990123457"}, canary.Mark{Field: canary.Number, Value: "990123458"})
	late.Made = noon(30)
	if err := w.Put(late); err != nil {
		t.Fatal(err)
	}
	if p, _ := w.Proof(late.ID); p.Looked != 0 || len(p.Classes) != 0 {
		t.Errorf("it counts what came before it: %+v", p)
	}
	read(31)
	saved, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	if w, err = canary.Restore(saved); err != nil {
		t.Fatal(err)
	}
	read(32)
	late.Where = "elsewhere"
	if err := w.Put(late); err != nil { // it stays the same one
		t.Fatal(err)
	}
	for id, want := range map[string]uint64{late.ID: 2, "patient-1": 32} {
		if p, _ := w.Proof(id); p.Looked != want || len(p.Classes) != 1 {
			t.Errorf("%s: %+v, wanted %d events", id, p, want)
		}
	}
}

// TestWhatACanaryIsBuiltOn takes what a house says of itself, and refuses what would make a decoy that is none.
func TestWhatACanaryIsBuiltOn(t *testing.T) {
	for _, k := range canary.Kinds() {
		if canary.Todo(k) == "" {
			t.Errorf("%s: nobody says what to do with it", k)
		}
	}
	for _, tt := range []struct {
		kind canary.Kind
		base string
		good bool
	}{
		{canary.Patient, "99", true}, {canary.Patient, "", true}, {canary.Patient, "9|9", false}, {canary.Study, "1.2.826.0.1", true}, {canary.Study, "1.02", false}, {canary.Study, "1.2" + strings.Repeat(".123456789", 5), false},
		{canary.Account, "north.example", true}, {canary.Account, "north.example/x", false}, {canary.Token, "https://letters.north.example", true}, {canary.Token, "letters.north.example", false},
		{canary.Listener, "10.1.2.3:104", true}, {canary.Listener, "10.1.2.3", false}, {canary.Listener, "", false}, {canary.AETitle, "", true}, {canary.AETitle, "CT", false},
	} {
		s, err := canary.SiteOf(tt.kind, tt.base)
		if err == nil {
			_, err = canary.Make(tt.kind, "here", s, noon(0), canary.Dice())
		}
		if (err == nil) != tt.good {
			t.Errorf("%s on %q: %v", tt.kind, tt.base, err)
		}
	}
}

// BenchmarkLook shows an event to a watch of many canaries.
func BenchmarkLook(b *testing.B) {
	tax := taxonomy(b)
	for _, n := range []int{10, 1000, 10_000} {
		w := canary.NewWatch(noon(0))
		for i := range n {
			c := one(canary.Patient, canary.Mark{Field: canary.Number, Value: fmt.Sprintf("990%06d", i)})
			c.ID = fmt.Sprint("p", i)
			if err := w.Put(c); err != nil {
				b.Fatal(err)
			}
		}
		ev := says(b, tax.Class("ehr", "audit", ""), noon(1), `{"time":"2026-03-01T12:00:00Z","user":"ann","patient":"4711","action":"read","access":{"verb":"read","user":"ann","patient":["4711"],"origin_ip":"10.9.9.9","workstation":"WS7"}}`)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Look(ev, nil)
			}
		})
	}
}

// BenchmarkSelfTest plants an event for each of many canaries in each class that was seen.
func BenchmarkSelfTest(b *testing.B) {
	tax := taxonomy(b)
	w := canary.NewWatch(noon(0))
	for i := range 1000 {
		d, err := canary.Make(canary.Kinds()[i%9], "here", canary.Site{Address: fmt.Sprintf("10.1.2.3:%d", i)}, noon(0), canary.Dice())
		if err == nil {
			err = w.Put(d.Canary)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, class := range [][3]string{{"ehr", "audit"}, {"zeek", "conn"}, {"zeek", "dns"}, {"zeek", "smtp"}, {"dicom", "assoc"}, {"hl7", "mllp"}, {"windows", "Security", "4663"}, {"windows", "Security", "4625"}, {"windows", "Microsoft-Windows-Sysmon/Operational", "11"}, {"linux", "syslog"}} {
		w.Look(says(b, tax.Class(class[0], class[1], class[2]), noon(1), `{}`), nil)
	}
	for b.Loop() {
		w.SelfTest(noon(2))
	}
}
