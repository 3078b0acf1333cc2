package integrity_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// record is a FHIR server that should keep what a laboratory sends.
type record struct {
	*house
	*integrity.ResourceSweeper
	db     *store.DB
	server *told
	web    *httptest.Server
	when   time.Time // when all of its results were measured
}

// newRecord has a record that may take so long to hear of what was sent. more is said of its results.
func newRecord(t *testing.T, db *store.DB, young time.Duration, more ...string) *record {
	t.Helper()
	server := &told{updated: time.Now()}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	d, err := resources.Parse([]byte("system: RECORD\nbase: " + web.URL + "/fhir\nrate: 9999\nyoung: " + young.String() + "\nauthority: urn:oid:1.2.3\ntypes: [{type: Observation, kind: result, harm: high}]\n" +
		"results: {from: [lab], authorities: {NORTH: 'urn:oid:1.2.3'}, codes: {'99LAB|K': 'http://loinc.org|2823-3'}, units: {mmol per litre: mmol/L}" + strings.Join(more, "") + "}\n"))
	must(t, err)
	h := newHouse(t)
	h.at = time.Now()
	kept, ok := integrity.KeptOf(&d)
	if !ok {
		t.Fatal("nothing is compared")
	}
	h.kept = []integrity.KeptConfig{kept}
	s, err := integrity.OpenResourceSweeper(t.Context(), d, integrity.SweepConfig{
		DB: db, Journal: h.journal, Vault: h.vault, Taxonomy: h.tax, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.Sweep(t.Context()))
	return &record{h, s, db, server, web, time.Now().Add(time.Minute).UTC()}
}

// sends has the laboratory send a potassium.
func (r *record) sends(order, value, status string) {
	r.at = time.Now().Add(-time.Second)
	r.say("lab/10.0.0.4", strings.Join([]string{
		`MSH|^~\&|LIS|NORTH|EHR|HOSP|` + r.at.UTC().Format("20060102150405") + `||ORU^R01|` + order + value + `|P|2.5.1`, `PID|1||M7^^^NORTH^MR||ROE^JANE`,
		`OBR|1||` + order + `|K^Potassium^99LAB`, `OBX|1|NM|K^Potassium^99LAB||` + value + `|mmol per litre|||||` + status + `|||` + r.when.Format("20060102150405"),
	}, "\r")+"\r")
}

// keeps puts a version of a potassium on the server, the newest.
func (r *record) keeps(id, version, order, value, status string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.versions = append([][3]string{{id, version, fmt.Sprintf(`"identifier":[{"value":%q}],`, order) + potassium(value, status)}}, r.server.versions...)
}

// doubts has the room hear all that was said, and lists what it doubts: kind, part and changes.
func (r *record) doubts(t *testing.T) (got []string) {
	t.Helper()
	room := r.follow(r.db)
	found, err := room.Doubts(t.Context(), time.Time{}, 100)
	must(t, err)
	for _, d := range found {
		if d.Rule().Title == "" || d.System != "RECORD" || d.Before == nil {
			t.Errorf("%+v", d)
		}
		for _, c := range append(d.Changes, route.Change{}) {
			if c.Field != "" || len(d.Changes) == 0 {
				got = append(got, strings.TrimSpace(fmt.Sprint(d.Kind, " ", d.About, " ", c.Field, " ", c.Before, " ", c.After)))
			}
		}
	}
	return got
}

func (r *record) expect(t *testing.T, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(r.doubts(t), want); diff != "" {
		t.Errorf("%s (-got +want):\n%s", what, diff)
	}
}

// TestAmendedInTheRecord: somebody amends a result in the record, with a version and a status as they should be; the laboratory never took it back.
func TestAmendedInTheRecord(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newRecord(t, open(), time.Microsecond)
		r.sends("L7", "6.80", "F")
		r.sends("L8", "4.4", "F")
		r.keeps("a", "1", "L7", "6.8", "final")
		r.keeps("b", "1", "L8", "4.4", "final")
		must(t, r.News(t.Context()))
		r.expect(t, "as sent")
		r.keeps("a", "2", "L7", "4.1", "corrected")
		must(t, r.News(t.Context()))
		must(t, r.News(t.Context()))
		amended := "kept-differs OBX 2823-3 OBX-5 6.8 4.1"
		r.expect(t, "amended in the record", amended)
		r.sends("L8", "4.9", "C")
		r.keeps("b", "2", "L8", "4.9", "corrected")
		must(t, r.News(t.Context()))
		r.expect(t, "corrected by the laboratory", amended)
		room := r.follow(r.db)
		found, err := room.Doubts(t.Context(), time.Time{}, 10)
		must(t, err)
		life, err := room.Life(t.Context(), &found[0])
		must(t, err)
		var got []string
		for _, h := range life.Happenings {
			got = append(got, fmt.Sprintf("%s %s: %s %s, version %q", h.Point, h.Act, h.Says, h.State, h.Version))
			if h.ID == "" || h.At.IsZero() {
				t.Errorf("%+v", h)
			}
		}
		want := []string{`lab/10.0.0.4 sent: 6.8 mmol/L final, version ""`, `RECORD new: 6.8 mmol/L final, version "1"`, `RECORD amended: 4.1 mmol/L corrected, version "2"`}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("the life of the result (-got +want):\n%s", diff)
		}
	})
}

// TestACorrectionThatNeverArrives: the record is asked again once it had time to hear of a correction.
func TestACorrectionThatNeverArrives(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newRecord(t, open(), time.Microsecond)
		for _, order := range []string{"L7", "L8"} {
			r.sends(order, "6.8", "F")
			r.keeps(strings.ToLower(order), "1", order, "6.8", "final")
		}
		must(t, r.News(t.Context()))
		r.expect(t, "as sent")
		time.Sleep(1100 * time.Millisecond) // messages are sent a second ago
		for _, order := range []string{"L7", "L8"} {
			r.sends(order, "4.1", "C")
		}
		r.expect(t, "before the record could hear of it")
		must(t, r.Answer(t.Context(), time.Now()))
		r.expect(t, "before it is due")
		r.keeps("l8", "2", "L8", "4.1", "corrected")
		must(t, r.Answer(t.Context(), time.Now().Add(2*time.Minute)))
		r.expect(t, "it never heard of one", "kept-differs OBX 2823-3 OBX-5 4.1 6.8")
	})
}

// TestAResultThatIsDeletedInTheRecord, properly, and that the laboratory stands by.
func TestAResultThatIsDeletedInTheRecord(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newRecord(t, open(), time.Microsecond)
		r.sends("L7", "6.8", "F")
		r.keeps("a", "1", "L7", "6.8", "final")
		must(t, r.News(t.Context()))
		r.sends("L8", "4.4", "F")
		r.keeps("b", "1", "L8", "4.4", "final")
		must(t, r.News(t.Context()))
		r.expect(t, "as sent")
		const withdrawn = "kept-differs OBX 2823-3 OBX-11 final withdrawn"
		r.keeps("a", "2", "L7", "6.8", "entered-in-error")
		must(t, r.News(t.Context()))
		r.expect(t, "marked as an error", withdrawn)
		r.server.mu.Lock()
		r.server.versions = append([][3]string{{"b", "", ""}}, r.server.versions...)
		r.server.mu.Unlock()
		must(t, r.News(t.Context()))
		r.expect(t, "deleted", withdrawn, withdrawn)
	})
}

// TestAResultThatNeverArrives is told a day later, and once.
func TestAResultThatNeverArrives(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newRecord(t, open(), time.Microsecond)
		time.Sleep(1100 * time.Millisecond) // what is sent is a second old, and the server was read before that
		r.sends("L7", "6.8", "F")
		r.sends("L8", "4.4", "F")
		r.sends("L9", "4.4", "P")
		r.keeps("b", "1", "L8", "4.4", "final")
		must(t, r.News(t.Context()))
		r.expect(t, "on the day itself")
		must(t, r.Miss(t.Context(), time.Now().Add(23*time.Hour)))
		r.expect(t, "within a day")
		must(t, r.Miss(t.Context(), time.Now().Add(25*time.Hour)))
		must(t, r.Miss(t.Context(), time.Now().Add(26*time.Hour)))
		const missing = "kept-missing OBX 2823-3"
		r.expect(t, "a day later", missing)
		r.keeps("a", "1", "L7", "4.1", "final")
		must(t, r.News(t.Context()))
		r.expect(t, "it came, and is another", "kept-differs OBX 2823-3 OBX-5 6.8 4.1", missing)
	})
}

// TestARecordThatKnowsNoOrders: its results are known by when they were measured.
func TestARecordThatKnowsNoOrders(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newRecord(t, open(), time.Microsecond, ", by: time")
		r.sends("L7", "6.8", "F")
		measured := r.when.Format(time.RFC3339)
		for version, value := range []string{"6.8", "4.1"} {
			r.server.mu.Lock()
			r.server.versions = append([][3]string{{"a", fmt.Sprint(version + 1), fmt.Sprintf(`"effectiveDateTime":%q,`, measured) + potassium(value, "corrected")}}, r.server.versions...)
			r.server.mu.Unlock()
			must(t, r.News(t.Context()))
			if value == "6.8" {
				r.expect(t, "as sent")
			}
		}
		r.expect(t, "amended", "kept-differs OBX 2823-3 OBX-5 6.8 4.1")
	})
}

// TestADeclarationThatIsWrong makes no result missing: hardly any is found.
func TestADeclarationThatIsWrong(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newRecord(t, open(), time.Microsecond)
		time.Sleep(1100 * time.Millisecond)
		for n := range 25 {
			r.sends(fmt.Sprint("L", n), "4.4", "F")
		}
		r.keeps("a", "1", "L1", "4.4", "final")
		must(t, r.News(t.Context()))
		r.expect(t, "on the day itself")
		must(t, r.Miss(t.Context(), time.Now().Add(25*time.Hour)))
		r.expect(t, "a day later")
	})
}

// TestTheRecordIsReadTooEarly: what it says before it had time to hear of what was sent says nothing; what it says then does.
func TestTheRecordIsReadTooEarly(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		const young = 3 * time.Second
		r := newRecord(t, open(), young)
		r.sends("L7", "6.8", "F")
		r.sends("L8", "6.8", "F")
		r.keeps("a", "1", "L7", "4.1", "preliminary")
		r.keeps("b", "1", "L8", "4.1", "preliminary")
		must(t, r.News(t.Context()))
		r.expect(t, "at once")
		r.keeps("b", "2", "L8", "6.8", "final")
		time.Sleep(young)
		must(t, r.Answer(t.Context(), time.Now().Add(2*time.Minute)))
		r.expect(t, "when it is due", "kept-differs OBX 2823-3 OBX-5 6.8 4.1")
	})
}

// TestLookingBack: whoever opens a doubt has the systems that keep what it is about asked anew.
func TestLookingBack(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newRecord(t, open(), time.Microsecond)
		r.sends("L7", "6.8", "F")
		r.keeps("a", "1", "L7", "6.8", "final")
		must(t, r.News(t.Context()))
		r.keeps("a", "2", "L7", "4.1", "corrected")
		must(t, r.News(t.Context()))
		room := r.follow(r.db)
		found, err := room.Doubts(t.Context(), time.Time{}, 10)
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		ask := func(at time.Time, want string) {
			t.Helper()
			must(t, room.LookBack(t.Context(), &found[0], at))
			answers, err := room.Answers(t.Context(), found[0].ID)
			if err != nil || len(answers) != 1 || answers[0].System != "RECORD" || answers[0].Part != "Observation" || answers[0].Outcome != want || answers[0].Answered.IsZero() != (want == "") {
				t.Errorf("%+v %v, want %q", answers, err, want)
			}
		}
		now := time.Now()
		ask(now, "")
		must(t, r.Answer(t.Context(), now))
		ask(now.Add(time.Minute), "match")
		r.server.mu.Lock()
		r.server.versions = r.server.versions[1:]
		r.server.mu.Unlock()
		r.keeps("a", "2", "L7", "2.1", "corrected") // somebody rewrites it
		ask(now.Add(time.Hour), "")
		must(t, r.Answer(t.Context(), now.Add(time.Hour)))
		ask(now.Add(time.Hour), "mismatch")
		r.server.mu.Lock()
		r.server.versions = nil
		r.server.mu.Unlock()
		ask(now.Add(2*time.Hour), "")
		must(t, r.Answer(t.Context(), now.Add(2*time.Hour)))
		ask(now.Add(2*time.Hour), "mismatch") // it is gone, and that is told
		ask(now.Add(3*time.Hour), "")
		must(t, r.Answer(t.Context(), now.Add(3*time.Hour)))
		ask(now.Add(3*time.Hour), integrity.OutcomeAbsent)
		r.web.Close()
		ask(now.Add(4*time.Hour), "")
		must(t, r.Answer(t.Context(), now.Add(5*time.Hour)))
		answers, err := room.Answers(t.Context(), found[0].ID)
		if err != nil || answers[0].Outcome != "" {
			t.Errorf("%+v %v: it is given up after an hour", answers, err)
		}
		must(t, r.Answer(t.Context(), now.Add(29*time.Hour)))
		if answers, err = room.Answers(t.Context(), found[0].ID); err != nil || answers[0].Outcome != integrity.OutcomeUnanswered {
			t.Errorf("%+v %v: it is not given up after a day", answers, err)
		}
	})
}
