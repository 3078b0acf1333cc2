package continuity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/finding"
)

// town is a house whose people are told of incidents.
type town struct {
	*house
	incidents *continuity.Incidents
	told      []string
}

func newTown(t *testing.T) *town {
	t.Helper()
	h := newHouse(t)
	return &town{house: h, incidents: continuity.NewIncidents(h.engine)}
}

// work has systems speak to the record for so long: each that speaks, every so many minutes.
func (w *town) work(long time.Duration, every map[[2]string]int) {
	w.t.Helper()
	for end := w.now.Add(long); w.now.Before(end); w.now = w.now.Add(time.Minute) {
		minute := int(w.now.Unix() / 60)
		for _, who := range [][2]string{{"LIS", "ORU"}, {"PHARM", "RDE"}, {"ADMIN", "ADT"}, {"RIS", "ORU"}, {"BILLING", "DFT"}} {
			if n := every[who]; n > 0 && minute%n == 0 {
				w.message(who[0], "EHR", who[1], "", "")
			}
		}
		w.signs = append(w.signs, w.engine.Tick(w.now)...)
		w.tell()
	}
}

// tell notes what people are told.
func (w *town) tell() {
	w.t.Helper()
	told, err := w.incidents.Take(w.signs, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.signs = nil
	for i := range told {
		rule := continuity.RuleOf(told[i].Incident)
		text := told[i].Incident.ID[:4] + " " + rule.Level + " " + strings.TrimPrefix(rule.ID, "wardline-continuity-") + ":"
		if told[i].Incident.Cause != "" {
			text += " because of " + told[i].Incident.Name
		}
		for _, f := range told[i].News {
			text += " [" + f.Name + "]"
		}
		w.told = append(w.told, text)
	}
}

// tells compares what people were told since the last call; the ids must be of so many incidents.
func (w *town) tells(what string, incidents int, says ...string) {
	w.t.Helper()
	ids := map[string]bool{}
	for i, text := range w.told {
		ids[text[:4]] = true
		if i >= len(says) || text[5:] != says[i] {
			w.t.Errorf("%s: told %q", what, text[5:])
		}
	}
	if len(w.told) != len(says) || len(ids) != incidents {
		w.t.Errorf("%s: %d told of %d incidents, want %d of %d: %q", what, len(w.told), len(ids), len(says), incidents, w.told)
	}
	w.told = nil
}

func all() map[[2]string]int {
	return map[[2]string]int{{"LIS", "ORU"}: 2, {"PHARM", "RDE"}: 2, {"ADMIN", "ADT"}: 2, {"RIS", "ORU"}: 2, {"BILLING", "DFT"}: 4}
}

func without(senders ...string) map[[2]string]int {
	some := all()
	for who := range some {
		for _, s := range senders {
			if who[0] == s {
				delete(some, who)
			}
		}
	}
	return some
}

// The channel of a laboratory loses its connection, and an hour later its feed is missed: people are told of one incident, twice.
func TestOneCauseIsOneIncident(t *testing.T) {
	w := newTown(t)
	w.work(3*weeks, all())
	w.tells("three weeks as usual", 0)
	w.say("syslog", "syslog", "", map[string]any{"message": "channel=LAB_RESULTS state=disconnected"})
	w.tell()
	w.work(time.Hour, without("LIS"))
	w.tells("the laboratory is cut off", 1, "medium disconnected: [interface engine, channel LAB_RESULTS]", "high silent: [results from LIS]")
	w.say("syslog", "syslog", "", map[string]any{"message": "channel=LAB_RESULTS state=connected"})
	w.work(10*time.Minute, all())
	w.work(2*time.Hour, without("RIS"))
	w.tells("another feed", 1, "high silent: [results from RIS]")
}

// The record stops: what is sent to it is missed feed after feed, and the charges, which come seldom, do not speak for it meanwhile.
func TestWhatFeedsHaveInCommon(t *testing.T) {
	w := newTown(t)
	w.work(3*weeks, all())
	w.work(3*time.Hour, nil)
	if len(w.told) == 0 || !strings.HasPrefix(w.told[0][5:], "critical component: because of EHR") {
		t.Errorf("first told: %q", w.told)
	}
	ids := map[string]bool{}
	for _, text := range w.told {
		ids[text[:4]] = true
	}
	if len(ids) != 1 || !strings.Contains(strings.Join(w.told, " "), "charges from BILLING") {
		t.Errorf("told: %q", w.told)
	}
}

// While one sender speaks to the record, it is not the record that is broken.
func TestWhoSpeaksClearsWhatItRestsOn(t *testing.T) {
	w := newTown(t)
	w.work(3*weeks, all())
	w.work(time.Hour, without("LIS", "PHARM", "RIS"))
	for _, text := range w.told {
		if strings.Contains(text, "because of") {
			t.Errorf("told: %q", text)
		}
	}
	if len(w.told) != 3 {
		t.Errorf("told: %q", w.told)
	}
}

// What many feeds do together while an attack goes on is the attack, whether one thing explains them or none.
func TestAnAttackThatHitsCare(t *testing.T) {
	for name, some := range map[string]map[[2]string]int{"the record": nil, "three machines": without("LIS", "PHARM", "RIS")} {
		t.Run(name, func(t *testing.T) { anAttackThatHitsCare(t, some) })
	}
}

func anAttackThatHitsCare(t *testing.T, some map[[2]string]int) {
	w := newTown(t)
	w.work(3*weeks, all())
	for _, tag := range []string{"attack.credential_access", "attack.discovery", "attack.lateral_movement"} {
		f := finding.Finding{ID: tag, Rule: finding.Rule{ID: tag, Title: tag, Level: "high", Tags: []string{tag}}, Entities: map[string][]string{"host": {"dc1"}}}
		w.signs = append(w.signs, w.engine.Finding(&f, w.now)...)
	}
	w.tell()
	if len(w.told) != 1 || !strings.Contains(w.told[0], "critical staged: ") {
		t.Fatalf("told: %q", w.told)
	}
	attack := w.told[0][:4]
	w.told = nil
	w.work(time.Hour, some)
	for _, text := range w.told {
		if text[:4] != attack || !strings.Contains(text, "critical struck") {
			t.Errorf("told of something else: %q", text)
		}
	}
	if len(w.told) == 0 {
		t.Error("nobody is told that it has reached care")
	}
}

// A feed that comes back before the second look is nobody's business.
func TestAShortPauseIsNotTold(t *testing.T) {
	w := newTown(t)
	w.work(3*weeks, all())
	for range 60 {
		if w.work(time.Minute, without("LIS")); len(w.engine.Silent()) > 0 {
			break
		}
	}
	w.tells("at the first look", 0)
	w.work(time.Hour, all())
	w.tells("it is back", 0)
}

// Two feeds can fall silent by chance: what they both rest on is not blamed.
func TestTwoFeedsBlameNothing(t *testing.T) {
	w := newTown(t)
	two := without("ADMIN", "RIS", "BILLING")
	w.work(3*weeks, two)
	w.work(time.Hour, nil)
	w.tells("both stop", 2, "high silent: [results from LIS]", "high silent: [drug orders from PHARM]")
}

// The archive's server does not answer, and images are missed: both are the archive. That its certificate ends in a month is another matter.
func TestAServerAndItsFeed(t *testing.T) {
	w := newTown(t)
	image := func() {
		w.say("wire", "dicom", "assoc", map[string]any{"CallingAETitle": "CT_1", "CalledAETitle": "PACS", "result": "accepted", "command": "C-STORE"})
		w.now = w.now.Add(2 * time.Minute)
		w.signs = append(w.signs, w.engine.Tick(w.now)...)
		w.tell()
	}
	for end := w.now.Add(3 * weeks); w.now.Before(end); {
		image()
	}
	w.signs = append(w.signs,
		continuity.Sign{Kind: continuity.Expires, About: "certificate of archive, C-ECHO", Name: "the certificate", Class: continuity.Days, At: w.now, Since: w.now, On: "PACS"},
		continuity.Sign{Kind: continuity.ServerDown, About: "server archive, C-ECHO", Name: "archive, C-ECHO", Class: continuity.Hour, At: w.now, Since: w.now, On: "PACS"})
	w.work(time.Hour, nil)
	w.tells("two incidents, one of them of two signs", 2, "low expires: [the certificate]", "high server-down: [archive, C-ECHO]", "high component: because of PACS [images and requests to PACS]")
}

// A certificate has ended, and connections fail by it: that is one thing. Another's end is another.
func TestACertificateAndItsConnections(t *testing.T) {
	w := newTown(t)
	ended := func(host string) continuity.Sign {
		return continuity.Sign{Kind: continuity.Expires, About: "certificate CN=" + host + ",O=Alder 4711", Name: "the certificate CN=" + host + ",O=Alder", Class: continuity.Hour, At: w.now, Since: w.now, Ends: w.now}
	}
	w.signs = append(w.signs, ended("engine-01.example.org"), ended("pacs.example.org"),
		continuity.Sign{Kind: continuity.Expired, About: "tls 10.0.0.7:2575", Name: "connections to engine-01.example.org fail: its certificate has ended", Class: continuity.Hour, At: w.now, Since: w.now})
	w.tell()
	if len(w.told) != 2 {
		t.Errorf("told: %q", w.told)
	}
}
