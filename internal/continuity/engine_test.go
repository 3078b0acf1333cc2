package continuity_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// house is one whose systems speak to an Engine.
type house struct {
	t      testing.TB
	tax    *event.Taxonomy
	engine *continuity.Engine
	now    time.Time
	n      int
	signs  []continuity.Sign
}

func newHouse(t testing.TB) *house {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	services, err := depend.LoadCatalogue(content.Continuity(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &house{t: t, tax: tax, engine: continuity.NewEngine(continuity.EngineConfig{Services: services}), now: time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)}
}

func (h *house) say(source, product, service string, fields map[string]any) {
	h.t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		h.t.Fatal(err)
	}
	ev := event.Event{Source: source, Time: h.now, Observed: h.now, Class: h.tax.Class(product, service, ""), Fields: text}
	if err := ev.Index.Scan(text, jsonl.DefaultLimits()); err != nil {
		h.t.Fatal(err)
	}
	h.signs = append(h.signs, h.engine.Event(&ev)...)
}

// result is one of the laboratory's, from an analyser; nobody's, for a test needs no patient.
func (h *house) result(analyser string) {
	h.n++
	control := fmt.Sprintf("L%06d", h.n)
	h.message("LIS", "EHR", "ORU", control, `OBX|1|NM|2823-3^Potassium^LN||`+fmt.Sprint(h.n)+`|mmol/L|||||F|||||||`+analyser)
	h.now = h.now.Add(50 * time.Millisecond)
	h.say("tap/10.0.0.9:2575", "hl7", "mllp", map[string]any{"MSH-3": "EHR", "MSH-3.1": "EHR", "MSH-5.1": "LIS", "MSH-9.1": "ACK", "MSA-1": "AA", "MSA-2": control})
}

func (h *house) message(from, to, code, control, segment string) {
	text := fmt.Sprintf("MSH|^~\\&|%s|MAIN|%s|MAIN|%s||%s^R01|%s|P|2.5.1\r%s\r", from, to, h.now.Format("20060102150405"), code, control, segment)
	h.say("tap/10.0.0.5", "hl7", "mllp", map[string]any{"message": text, "MSH-3.1": from, "MSH-4.1": "MAIN", "MSH-5.1": to, "MSH-9.1": code, "MSH-10": control})
}

// live has two analysers report in turn, one result in two minutes, for so long; which tells which of the two work.
func (h *house) live(long time.Duration, which func(n int) bool) {
	for end := h.now.Add(long); h.now.Before(end); h.now = h.now.Truncate(time.Minute).Add(time.Minute) {
		n := int(h.now.Unix()/60) % 4
		if n%2 == 0 && which(n/2) {
			h.result([]string{"CHEM-1", "CHEM-2"}[n/2])
		}
		h.signs = append(h.signs, h.engine.Tick(h.now)...)
	}
}

func both(int) bool { return true }

// wants compares what was told since the last call.
func (h *house) wants(what string, says ...string) {
	h.t.Helper()
	var got []string
	for i := range h.signs {
		got = append(got, string(h.signs[i].Kind)+" "+h.signs[i].Text())
	}
	if len(got) != len(says) {
		h.t.Errorf("%s: %q", what, got)
	}
	for i := range min(len(got), len(says)) {
		if !strings.Contains(got[i], says[i]) {
			h.t.Errorf("%s: %q, wanted %q", what, got[i], says[i])
		}
	}
	h.signs = nil
}

const weeks = 7 * 24 * time.Hour

func TestALaboratoryThatStops(t *testing.T) {
	h := newHouse(t)
	h.live(3*weeks, both)
	h.wants("three weeks as usual")
	h.live(time.Hour, func(int) bool { return false })
	h.wants("it stops", "silent results from LIS: nothing came for")
	h.live(10*time.Minute, both)
	h.wants("it comes back", "silent results from LIS: over")
}

// One of two analysers stops: the feed goes on, and only the part is told.
func TestAnAnalyserThatStops(t *testing.T) {
	h := newHouse(t)
	h.live(3*weeks, both)
	h.live(2*time.Hour, func(n int) bool { return n == 0 })
	h.wants("one stops", "part-silent results from LIS, analyser CHEM-2: nothing came for")
	h.live(20*time.Minute, both)
	h.wants("it comes back", "part-silent results from LIS, analyser CHEM-2: over")
}

// about is a message that says something new of a unit.
func (h *house) about(unit, from, to, code string) {
	h.n++
	h.message(from, to, code, "", fmt.Sprintf("PV1|1|I|%s\rNTE|1||%d", unit, h.n))
}

// A unit is closed for two days, and nobody speaks of it: that is no feed's fault. Then it works, and one feed does not speak of it any more.
func TestAUnitThatIsClosed(t *testing.T) {
	h := newHouse(t)
	work := func(long time.Duration, drugs, documents bool) {
		for end := h.now.Add(long); h.now.Before(end); h.now = h.now.Add(5 * time.Minute) {
			for n, unit := range []string{"W1", "W2"} {
				switch even := h.now.Minute()%10 == 0; {
				case even && (drugs || n > 0):
					h.about(unit, "PHARM", "EHR", "RDE")
				case !even && (documents || n > 0):
					h.about(unit, "EHR", "ARCHIVE", "MDM")
				}
			}
			h.signs = append(h.signs, h.engine.Tick(h.now)...)
		}
	}
	work(5*weeks, true, true)
	work(48*time.Hour, false, false)
	work(2*time.Hour, true, true)
	h.wants("it is closed, and opens again")
	work(6*time.Hour, false, true)
	h.wants("the drug orders lose it", "part-silent drug orders from PHARM, unit W1: nothing came for")
	work(time.Hour, true, true)
	h.wants("and have it again", "part-silent drug orders from PHARM, unit W1: over")
}

// A unit of which one feed alone speaks is missed by its own weeks.
func TestAUnitOfWhichOneFeedSpeaks(t *testing.T) {
	h := newHouse(t)
	work := func(long time.Duration, units ...string) {
		for end := h.now.Add(long); h.now.Before(end); h.now = h.now.Add(10 * time.Minute) {
			for _, unit := range units {
				h.about(unit, "PHARM", "EHR", "RDE")
			}
			h.signs = append(h.signs, h.engine.Tick(h.now)...)
		}
	}
	work(5*weeks, "W1", "W2")
	work(6*time.Hour, "W2")
	h.wants("nobody speaks of it", "part-silent drug orders from PHARM, unit W1: nothing came for")
}

func TestWhatWasNotHeardByUsIsNoSilence(t *testing.T) {
	h := newHouse(t)
	h.live(3*weeks, both)
	h.now = h.now.Add(6 * time.Hour)
	h.engine.Deaf(h.now)
	h.live(time.Hour, both)
	h.wants("six hours in which nobody listened")
}

// The loop is told once, and the day after it is no day with fewer messages than the loop had.
func TestALoop(t *testing.T) {
	h := newHouse(t)
	h.live(3*weeks, both)
	first := h.n - 40
	for i := range 7200 {
		h.message("LIS", "EHR", "ORU", fmt.Sprintf("L%06d", first+i%40), `OBX|1|NM|2823-3^Potassium^LN||`+fmt.Sprint(first+i%40)+`|mmol/L|||||F|||||||CHEM-1`)
		h.now = h.now.Add(time.Second)
	}
	told := 0
	for i := range h.signs {
		if s := &h.signs[i]; s.Kind == "replay" && !s.Ended {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times: %v", told, h.signs)
	}
	h.live(time.Hour, both)
	h.signs = nil
	h.live(2*weeks, both)
	h.wants("two weeks later")
	if n := h.engine.Usual(time.Date(2030, 7, 22, 1, 0, 0, 0, time.UTC)); n > 20 {
		t.Errorf("half an hour of that time is thought to bring %.0f", n)
	}
}

// An image archive that lets nobody in any more is told at the third refusal, by whoever asked.
func TestAnArchiveThatRefuses(t *testing.T) {
	h := newHouse(t)
	for n := range 20 {
		result := "accepted"
		if n >= 15 {
			result = "rejected"
		}
		h.say("zeek", "dicom", "assoc", map[string]any{"_path": "dicom", "CallingAETitle": "CT_1", "CalledAETitle": "PACS", "result": result, "command": "C-ECHO"})
		h.now = h.now.Add(30 * time.Second)
		h.signs = append(h.signs, h.engine.Tick(h.now)...)
	}
	h.wants("it refuses", "rejections images and requests to PACS: 3 of")
}

// An archive that takes calls and says nothing is told by what hangs, as our own reading of the wire writes it.
func TestAnArchiveThatHangs(t *testing.T) {
	h := newHouse(t)
	for n := range 40 {
		result := "accepted"
		if n >= 30 {
			result = "unanswered"
		}
		h.say("wire", "dicom", "assoc", map[string]any{"CallingAETitle": "CT_1", "CalledAETitle": "PACS", "result": result, "command": "A-ASSOCIATE"})
		h.now = h.now.Add(30 * time.Second)
		h.signs = append(h.signs, h.engine.Tick(h.now)...)
	}
	h.wants("it hangs", "no-answers images and requests to PACS: 2 of")
}

// The same message is heard in front of an engine and behind it, and answered at both: nobody repeats anything.
func TestAMessageThatIsHeardAtTwoPoints(t *testing.T) {
	h := newHouse(t)
	for n := range 300 {
		control := fmt.Sprintf("M%06d", n)
		for _, point := range []string{"tap-lab", "tap-record"} {
			h.say(point+"/10.0.0.5", "hl7", "mllp", map[string]any{"MSH-3.1": "LIS", "MSH-4.1": "MAIN", "MSH-5.1": "EHR", "MSH-9.1": "ORU", "MSH-10": control})
			h.now = h.now.Add(40 * time.Millisecond)
		}
		for _, point := range []string{"tap-record/10.0.0.9:2575", "tap-lab/10.0.0.8:2575"} {
			if n%100 != 50 { // once in a while an answer is not seen
				h.say(point, "hl7", "mllp", map[string]any{"MSH-3.1": "EHR", "MSH-5.1": "LIS", "MSH-9.1": "ACK", "MSA-1": "AA", "MSA-2": control})
			}
		}
		h.now = h.now.Add(20 * time.Second)
		h.signs = append(h.signs, h.engine.Tick(h.now)...)
	}
	h.wants("two points")
}

// What an interface engine says of its channels: three receivers get what came in, and the fourth nothing.
func TestAReceiverThatGetsNothing(t *testing.T) {
	h := newHouse(t)
	report := func(lost int) {
		h.say("engine", "", "", map[string]any{"message": "channel=ADT_IN received=12"})
		for i, to := range []string{"LAB", "RIS", "PHARM"} {
			sent := 12
			if i == lost {
				sent = 0
			}
			h.say("engine", "", "", map[string]any{"message": fmt.Sprintf("channel=ADT_OUT_%s sent=%d queued=0 errors=0", to, sent)})
		}
		h.now = h.now.Add(5 * time.Minute)
	}
	for range 10 {
		report(-1)
	}
	h.wants("all get it")
	for range 3 {
		report(2)
	}
	h.wants("one does not", "not-forwarded interface engine, channel ADT_OUT_PHARM: 24 messages came in, and none went out to it")
	report(-1)
	h.wants("it does again", "ADT_OUT_PHARM: over")
}

// An engine that reports each minute is known after a while: two reports in which a receiver gets nothing are enough then, whatever came in, and a kitchen that gets something now
// and then is not missed.
func TestAnEngineThatReportsEachMinute(t *testing.T) {
	h := newHouse(t)
	report := func(pharmacy, kitchen int) {
		h.say("engine", "", "", map[string]any{"message": "channel=ADT_IN received=1"})
		for to, sent := range map[string]int{"LAB": 1, "PHARM": pharmacy, "DIET": kitchen} {
			h.say("engine", "", "", map[string]any{"message": fmt.Sprintf("channel=ADT_OUT_%s sent=%d", to, sent)})
		}
		h.now = h.now.Add(time.Minute)
	}
	for n := range 1000 {
		report(1, (n*n%7)/4)
	}
	for _, quiet := range []int{4, 6, 9, 13, 19, 28, 40, 55} {
		for range quiet {
			report(1, 0)
		}
		report(1, 1)
	}
	h.wants("as usual, and an hour in which nobody new wants to eat, as there were such of less before")
	report(0, 1)
	h.wants("one report")
	report(0, 0)
	h.wants("two", "not-forwarded interface engine, channel ADT_OUT_PHARM: 2 messages came in, and none went out to it")
	report(1, 1)
	h.wants("it does again", "ADT_OUT_PHARM: over")
}

// An engine that reports only minutes in which something came says nothing in a quiet night. A receiver that has always had what the others had is missed a minute after the first
// message that it alone has not.
func TestAReceiverThatIsPassedOver(t *testing.T) {
	h := newHouse(t)
	report := func(pharmacy int, others ...string) {
		h.say("engine", "", "", map[string]any{"message": "channel=ADT_IN received=1"})
		for _, to := range others {
			h.say("engine", "", "", map[string]any{"message": "channel=ADT_OUT_" + to + " sent=1"})
		}
		h.say("engine", "", "", map[string]any{"message": fmt.Sprintf("channel=ADT_OUT_PHARM sent=%d", pharmacy)})
	}
	quiet := func(long time.Duration) {
		for end := h.now.Add(long); h.now.Before(end); h.now = h.now.Add(10 * time.Second) {
			h.signs = append(h.signs, h.engine.Tick(h.now)...)
		}
	}
	usual := func() {
		for range 2500 {
			report(1, "LAB")
			quiet(3 * time.Minute)
		}
	}
	usual()
	h.wants("all get it")
	report(0)
	quiet(10 * time.Minute)
	h.wants("nobody does")
	report(1, "LAB")
	h.wants("it was on its way")
	h = newHouse(t)
	usual()
	report(0, "LAB")
	quiet(time.Minute)
	h.wants("a minute, in which it may be on its way")
	h.engine.Deaf(h.now.Add(5 * time.Minute))
	quiet(6 * time.Minute)
	h.wants("and five in which nobody listened")
	quiet(20 * time.Second)
	h.wants("longer", "not-forwarded interface engine, channel ADT_OUT_PHARM: 1 messages came in, and none went out to it")
	report(1, "LAB")
	h.wants("the next goes out", "ADT_OUT_PHARM: over")
	quiet(time.Hour)
	report(0, "LAB")
	quiet(time.Hour)
	h.wants("so there are messages that are not for it")
	report(0, "LAB")
	h.wants("two", "not-forwarded interface engine, channel ADT_OUT_PHARM: 2 messages came in, and none went out to it")
}

// A laboratory that was switched off for good is told once, and forgotten when nothing of its week is remembered any more.
func TestAFeedThatIsGone(t *testing.T) {
	h := newHouse(t)
	h.live(3*weeks, both)
	h.live(59*24*time.Hour, func(int) bool { return false })
	h.wants("two months", "silent results from LIS")
	if n := h.engine.Known(); n != 1 {
		t.Errorf("%d feeds after 59 days", n)
	}
	h.live(2*24*time.Hour, func(int) bool { return false })
	if n := h.engine.Known(); n != 0 {
		t.Errorf("%d feeds after 61 days", n)
	}
}

// A ward in which nothing happens by night sends nothing, and a sender that is new is learned before it is missed.
// How soon a patient comes to harm is said by the services' table, of who sends and of what.
func TestAFeedIsOfItsServicesClass(t *testing.T) {
	h := newHouse(t)
	for _, m := range [][2]string{{"LIS", "ORU"}, {"PORTAL", "ORU"}, {"LIS", "REF"}, {"BILLING", "DFT"}, {"ODD", "XYZ"}} {
		h.message(m[0], "EHR", m[1], "1", "")
	}
	h.say("wire", "dicom", "assoc", map[string]any{"CallingAETitle": "CT_1", "CalledAETitle": "PACS", "result": "accepted", "command": "C-STORE"})
	want := map[string]continuity.Class{
		"results from LIS": continuity.Hour, "results from PORTAL": continuity.Days, "referrals from LIS": continuity.Shift,
		"charges from BILLING": continuity.Days, "other messages from ODD": continuity.Days, "images and requests to PACS": continuity.Hour,
	}
	if got := h.engine.Classes(); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestANewSender(t *testing.T) {
	h := newHouse(t)
	h.live(10*24*time.Hour, both)
	h.live(12*time.Hour, func(int) bool { return false })
	h.wants("a sender that was heard for ten days")
}

// found has another watcher find something on a machine, by an account.
func (h *house) found(title, level string, entities map[string][]string, tags ...string) {
	h.t.Helper()
	f := finding.Finding{ID: title + " " + fmt.Sprint(entities), Rule: finding.Rule{Title: title, Level: level, Tags: tags}, Entities: entities}
	h.signs = append(h.signs, h.engine.Finding(&f, h.now)...)
}

// The third stage of what hangs together calls a person, and the deed after which only hours are left calls again.
func TestAnAttackInStages(t *testing.T) {
	h := newHouse(t)
	h.found("The directory was copied", "critical", map[string][]string{"host": {"DC-09"}}, "attack.credential-access", "attack.t1003.003")
	h.wants("a lone critical finding, which calls a person by itself")
	h.found("Hidden PowerShell", "high", map[string][]string{"host": {"WS-17"}, "user": {"fd.clerk"}}, "attack.execution", "attack.t1059.001")
	h.now = h.now.Add(11 * time.Hour)
	h.found("Tickets of service accounts asked for", "medium", map[string][]string{"host": {"ws-17"}, "user": {"svc_deploy"}}, "attack.credential-access", "attack.t1558.003")
	h.found("A shell was opened", "informational", map[string][]string{"host": {"WS-17"}}, "attack.lateral-movement")
	h.wants("two stages, and what is only worth knowing")
	h.now = h.now.Add(48 * time.Hour)
	h.found("One machine tries many", "medium", map[string][]string{"user": {"svc_deploy"}, "ip": {"10.20.1.9"}}, "attack.discovery", "attack.t1046")
	h.wants("the third", "staged attack in stages: foreign code, stolen credentials, looking around within 2")
	h.now = h.now.Add(72 * time.Hour)
	h.found("Shadow copies deleted", "critical", map[string][]string{"host": {"SRV-FILE-01"}, "user": {"svc_deploy"}}, "attack.impact", "attack.t1490")
	h.wants("the deed", "staged attack in stages: foreign code, stolen credentials, looking around, damage within 5 days; Shadow copies deleted")
}

func TestAClockThatJumps(t *testing.T) {
	h := newHouse(t)
	chrony := func(host, text string) {
		h.say("syslog/10.0.0.7", "linux", "", map[string]any{"hostname": host, "app_name": "chronyd", "message": text})
	}
	chrony("pacs-01", "Selected source 10.20.8.10")
	chrony("pacs-01", "System clock wrong by 0.000412 seconds")
	h.wants("as usual")
	chrony("pacs-01", "System clock wrong by 418.137 seconds")
	chrony("pacs-01", "System clock wrong by 418.2 seconds")
	h.wants("it jumps", "clock the clock of pacs-01 was off by 7 min")
	for range 9 {
		h.say("winlogbeat", "windows", "", map[string]any{"Status": "0x25", "Computer": "DC-01"})
		h.now = h.now.Add(20 * time.Second)
	}
	h.wants("sign-ins fail", "clock sign-ins at DC-01 fail because clocks differ")
}

func TestACertificateThatEnds(t *testing.T) {
	h := newHouse(t)
	end := h.now.AddDate(0, 0, 60)
	for range 61 {
		for range 3 {
			h.say("zeek", "zeek", "", map[string]any{"certificate.not_valid_after": fmt.Sprint(end.Unix()), "certificate.subject": "CN=engine-01", "certificate.serial": "4E11"})
			h.now = h.now.Add(8 * time.Hour)
		}
	}
	h.wants("sixty-one days", "expires the certificate CN=engine-01 ends in 45 days", "ends in 14 days", "ends in 3 days", "has ended")
	for range 5 {
		h.say("zeek", "zeek", "", map[string]any{"_path": "ssl", "id.resp_h": "10.40.0.30", "id.resp_p": 2576, "server_name": "engine-01", "last_alert": "certificate_expired"})
		h.now = h.now.Add(time.Minute)
	}
	h.wants("it has", "expired connections to engine-01 fail: its certificate has ended")
}

// Servers that are always heard stop together after somebody looked around and stole a password on one of them: that is a third stage.
func TestLogsThatStopTogether(t *testing.T) {
	h := newHouse(t)
	for _, tag := range []string{"attack.discovery", "attack.credential_access"} {
		f := finding.Finding{ID: tag, Rule: finding.Rule{ID: tag, Title: tag, Level: "high", Tags: []string{tag}}, Entities: map[string][]string{"host": {"SRV-3"}}}
		h.signs = append(h.signs, h.engine.Finding(&f, h.now)...)
	}
	write := func(long time.Duration, first int) {
		for end := h.now.Add(long); h.now.Before(end); h.now = h.now.Add(5 * time.Minute) {
			for n := first; n < 10; n++ {
				h.say(fmt.Sprint("syslog/10.0.0.", n%2), "linux", "syslog", map[string]any{"hostname": fmt.Sprint("srv-", n), "message": "cron"})
			}
			h.signs = append(h.signs, h.engine.Tick(h.now)...)
		}
	}
	write(8*24*time.Hour, 0)
	h.wants("eight days as usual")
	h.now = h.now.Add(2 * time.Hour)
	h.engine.Deaf(h.now)
	h.signs = append(h.signs, h.engine.Tick(h.now)...)
	h.wants("nobody could hear for two hours")
	write(15*time.Minute, 0)
	write(time.Hour, 6)
	h.wants("six stop", "staged attack in stages: stolen credentials, looking around, defences switched off", "logs-silent the logs of 6 machines: nothing came for")
	write(time.Hour, 0)
	h.wants("they are back", "logs-silent the logs of 6 machines: over")
}

// A laboratory whose queue grows sends as many messages as ever, and each is older than the one before.
func TestMessagesThatComeLate(t *testing.T) {
	h := newHouse(t)
	send := func(long time.Duration, late func(at time.Time) time.Duration) {
		for end := h.now.Add(long); h.now.Before(end); {
			at := h.now
			h.now = at.Add(-late(at))
			text := fmt.Sprintf("MSH|^~\\&|LIS|MAIN|EHR|MAIN|%s||ORU^R01|%d|P|2.5.1\rOBX|1|NM|2823-3||%d\r", h.now.Format("20060102150405"), at.Unix(), at.Unix())
			h.now = at
			h.say("mllp/10.0.0.5", "hl7", "mllp", map[string]any{"message": text, "MSH-3.1": "LIS", "MSH-4.1": "MAIN", "MSH-5.1": "EHR", "MSH-9.1": "ORU", "MSH-10": fmt.Sprint(at.Unix())})
			h.now = at.Add(time.Minute)
			h.signs = append(h.signs, h.engine.Tick(h.now)...)
		}
	}
	send(8*24*time.Hour, func(time.Time) time.Duration { return 0 })
	h.wants("eight days as usual")
	began := h.now
	send(20*time.Minute, func(at time.Time) time.Duration { return at.Sub(began) / 2 })
	h.wants("the queue grows", "late-messages results from LIS: messages come 8 min later than usual")
	send(5*time.Minute, func(time.Time) time.Duration { return 0 })
	h.wants("it is empty", "late-messages results from LIS: over")
}

// Of seven senders, who speak at any time, one says half of what it should, from one day on, and is never silent; on a quiet day of all seven nothing is told.
func TestAFeedThatSaysLess(t *testing.T) {
	h := newHouse(t)
	dice := rand.New(rand.NewPCG(7, 7))
	send := func(long time.Duration, share func(sender int) float64) {
		for end := h.now.Add(long); h.now.Before(end); h.now = h.now.Add(time.Minute) {
			for n := range 7 {
				if dice.Float64() < 0.3*share(n) {
					h.message(fmt.Sprint("LIS", n), "EHR", "ORU", "", "")
				}
			}
			h.signs = append(h.signs, h.engine.Tick(h.now)...)
		}
	}
	send(9*weeks, func(int) float64 { return 1 })
	h.wants("nine weeks as usual")
	send(24*time.Hour, func(int) float64 { return 0.6 })
	h.wants("a quiet day of all")
	send(24*time.Hour, func(sender int) float64 {
		if sender == 3 {
			return 0.5
		}
		return 1
	})
	h.wants("one says half", "less-than-usual results from LIS3: ")
}
