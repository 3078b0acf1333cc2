package console_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault"
)

// newContinuity is a node with a room that watches the rhythm of care and does not run yet.
func newContinuity(t *testing.T) (*node, *continuity.Room) {
	t.Helper()
	var room *continuity.Room
	n := newNode(t, func(n *node, cfg *console.Config) {
		v, err := vault.Passing()
		if err != nil {
			t.Fatal(err)
		}
		room, err = continuity.OpenRoom(t.Context(), continuity.Config{Journal: n.journal, DB: cfg.DB, Vault: v, Taxonomy: n.tax, Zone: time.UTC, Log: slog.New(slog.DiscardHandler), Now: n.now})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Continuity = room
	})
	return n, room
}

// newRhythm is a node that has heard a laboratory and a registration for three weeks, until now.
func newRhythm(t *testing.T) (*node, *continuity.Room) {
	t.Helper()
	n, room := newContinuity(t)
	sent := 0
	var lines []journal.Line
	for at := n.now().AddDate(0, 0, -21).Truncate(time.Minute); at.Before(n.now()); at = at.Add(2 * time.Minute) {
		for _, from := range [][]string{{"LIS", "ORU"}, {"ADMIN", "ADT"}} {
			sent++
			fields, err := json.Marshal(map[string]string{"MSH-3.1": from[0], "MSH-4.1": "MAIN", "MSH-5.1": "EHR", "MSH-9.1": from[1], "MSH-10": fmt.Sprint(sent)})
			if err != nil {
				t.Fatal(err)
			}
			ev := event.Event{Source: "mllp/10.0.0.5", Class: n.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: at, Observed: at, Fields: fields, ID: event.NewID("rhythm", fmt.Sprint(sent))}
			lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: at, JSON: event.AppendLine(nil, &ev)})
		}
		if len(lines) > 1000 {
			if _, err := n.journal.Append(t.Context(), lines...); err != nil {
				t.Fatal(err)
			}
			lines = lines[:0]
		}
	}
	if _, err := n.journal.Append(t.Context(), lines...); err != nil {
		t.Fatal(err)
	}
	n.run(room.Run)
	n.wait("all was heard", func() bool {
		total := uint64(0)
		for _, f := range room.Feeds() {
			total += f.Count
		}
		return total == uint64(sent)
	})
	return n, room
}

// stop has a quarter of an hour pass, nearly, in which nobody says anything, and returns where the laboratory's feed is looked at.
func stop(n *node, room *continuity.Room) string {
	n.pass(11 * time.Minute)
	n.wait("both are silent", func() bool {
		silent := 0
		for _, f := range room.Feeds() {
			if !f.Silent.IsZero() {
				silent++
			}
		}
		return silent == 2
	})
	n.pass(3 * time.Minute)
	n.wait("both are told at the second look", func() bool {
		all, err := room.Incidents(n.t.Context(), 10)
		return err == nil && len(all) == 2 && !all[0].Told.IsZero() && !all[1].Told.IsZero()
	})
	for _, f := range room.Feeds() {
		if strings.Contains(f.Name, "LIS") {
			return "/flows/" + event.NewID("feed", f.ID).String()
		}
	}
	return ""
}

func TestFeedsThatFallSilent(t *testing.T) {
	n, room := newRhythm(t)
	admin := n.first()
	p := n.hire(admin, "m.okafor", "M. Okafor", access.Analyst)
	if status, body := p.get("/flows"); status != http.StatusOK || !strings.Contains(body, "All two feeds that we know speak") && !strings.Contains(body, "All 2 feeds that we know speak") {
		t.Errorf("status %d:\n%s", status, text(body))
	}
	lis := stop(n, room)
	if _, body := p.get("/flows"); !strings.Contains(text(body), "2 of 2 feeds are silent") || !strings.Contains(text(body), "Open the incident") {
		t.Errorf("both are silent:\n%s", text(body))
	}
	if _, body := p.get(lis); !strings.Contains(text(body), "No. Nothing came for") {
		t.Errorf("the laboratory:\n%s", text(body))
	}
	n.wait("they are findings", func() bool {
		c, err := n.desk.Counts(t.Context())
		return err == nil && len(c.States) > 0
	})
	incidents, err := room.Incidents(t.Context(), 10)
	if err != nil || len(incidents) != 2 {
		t.Fatalf("%+v %v", incidents, err)
	}
	if _, body := p.get("/flows/incidents"); !strings.Contains(text(body), "2 things disrupt care") {
		t.Errorf("the list:\n%s", text(body))
	}
	for _, i := range incidents {
		page := "/flows/incidents/" + i.ID
		if _, body := p.get(page); !strings.Contains(text(body), "First harm") || !strings.Contains(text(body), "nothing came for") {
			t.Errorf("one of them:\n%s", text(body))
		}
		if _, body := p.get("/findings/" + i.ID); !strings.Contains(body, page) {
			t.Errorf("its finding does not lead to it:\n%s", text(body))
		}
	}
	first := incidents[0].ID
	if _, body := p.get("/flows/incidents/" + first); !strings.Contains(text(body), "Nobody has it") {
		t.Errorf("before anybody has it:\n%s", text(body))
	}
	if status, body := p.post("/findings/"+first+"/take", nil); status != http.StatusSeeOther {
		t.Errorf("it cannot be taken: status %d:\n%s", status, text(body))
	}
	if _, body := p.get("/flows/incidents/" + first); !strings.Contains(text(body), "You have it") || strings.Contains(body, "/take") {
		t.Errorf("when somebody has it:\n%s", text(body))
	}
	for _, none := range []string{"/flows/incidents/0123", "/flows/0123"} {
		if status, _ := p.get(none); status != http.StatusNotFound {
			t.Errorf("%s: status %d", none, status)
		}
	}
}

// TestAnAttackThatReachesCare: whoever opens it sees one incident, and calls the incident team first.
func TestAnAttackThatReachesCare(t *testing.T) {
	n, room := newRhythm(t)
	told := func(rule string) func() bool {
		return func() bool {
			all, err := room.Incidents(t.Context(), 10)
			return err == nil && len(all) == 1 && !all[0].Told.IsZero() && strings.HasSuffix(all[0].Rule.ID, rule)
		}
	}
	for _, tag := range []string{"attack.credential_access", "attack.discovery", "attack.lateral_movement"} {
		line, err := json.Marshal(triage.Filed{Watcher: "rules", Finding: finding.Finding{ID: tag, Rule: finding.Rule{ID: tag, Title: tag, Level: "high", Tags: []string{tag}}, Entities: map[string][]string{"host": {"DC-1"}}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.journal.Append(t.Context(), journal.Line{Kind: journal.Findings, Source: "rules", Time: n.now(), JSON: line}); err != nil {
			t.Fatal(err)
		}
	}
	n.wait("the attack is told", told("staged"))
	n.pass(11 * time.Minute)
	n.wait("it reaches care", told("struck"))
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	b := openTab(t, n)
	b.signIn(p)
	b.see("Is anything wrong")
	b.open("/flows")
	b.see("2 of 2 feeds are silent")
	b.press(kb.Enter)
	b.see("An attack stops what care needs: 2 things so far")
	b.see("host dc-1")
	b.see("The incident team")
	b.shot("attack")
}

// TestAPauseThatIsUsual: who may change sources says that it is, and why; who may not is not asked.
func TestAPauseThatIsUsual(t *testing.T) {
	n, room := newRhythm(t)
	lis := stop(n, room)
	admin := n.first()
	auditor := n.hire(admin, "a.audit", "A. Audit", access.Auditor)
	if _, body := auditor.get(lis); strings.Contains(body, "This pause is usual") {
		t.Error("an auditor is asked")
	}
	if status, _ := auditor.post(lis+"/ordinary", url.Values{"why": {"closed"}}); status != http.StatusForbidden {
		t.Errorf("an auditor: status %d", status)
	}
	if _, body := admin.post(lis+"/ordinary", url.Values{"why": {" "}}); !strings.Contains(text(body), "Say in a sentence") {
		t.Errorf("without a reason:\n%s", text(body))
	}
	n.seal.broken.Store(true)
	if status, body := admin.post(lis+"/ordinary", url.Values{"why": {"The laboratory was closed for an inspection."}}); status != http.StatusServiceUnavailable || !strings.Contains(body, "Nothing was changed") {
		t.Errorf("without a trail: status %d:\n%s", status, text(body))
	}
	n.seal.broken.Store(false)
	for _, f := range room.Feeds() {
		if strings.Contains(f.Name, "LIS") && f.Silent.IsZero() {
			t.Error("it was changed without a trail")
		}
	}
	status, to := admin.post(lis+"/ordinary", url.Values{"why": {"The laboratory was closed for an inspection."}})
	if status != http.StatusSeeOther {
		t.Fatalf("with a reason: status %d:\n%s", status, text(to))
	}
	if _, body := admin.get(to); !strings.Contains(text(body), "is usual for the feed") {
		t.Errorf("afterwards:\n%s", text(body))
	}
	for _, f := range room.Feeds() {
		if strings.Contains(f.Name, "LIS") && !f.Silent.IsZero() {
			t.Error("it is still silent")
		}
	}
}

// TestFlowsThatNobodyWatches says what to do where the room is off.
func TestFlowsThatNobodyWatches(t *testing.T) {
	n := newNode(t)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	if status, body := p.get("/flows"); status != http.StatusOK || !strings.Contains(body, "continuity.off") {
		t.Errorf("status %d:\n%s", status, text(body))
	}
}

// TestFlowsInABrowser goes by keys from the first page to the feed that is silent, and looks at both on a phone.
func TestFlowsInABrowser(t *testing.T) {
	n, room := newRhythm(t)
	lis := stop(n, room)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	b := openTab(t, n)
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteRefusals}); err != nil {
		t.Fatal(err)
	}
	b.signIn(p)
	b.see("Is anything wrong")
	b.press("g", "f")
	b.see("2 of 2 feeds are silent")
	b.shot("flows")
	b.press(kb.Enter)
	b.see("What is broken, and whom does it touch?")
	b.shot("incident")
	b.open("/flows/incidents")
	b.see("2 things disrupt care")
	b.shot("incidents")
	b.open(lis)
	b.see("No. Nothing came for")
	b.shot("flow")
	b.open("/flows/map")
	b.see("What care has to do without")
	b.shot("flowmap")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	for path, says := range map[string]string{"/flows": "2 of 2 feeds are silent", "/flows/incidents": "2 things disrupt care", "/flows/map": "What rests on what", lis: "The last seven days"} {
		b.open(path)
		b.see(says)
		if wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); err != nil || wide > 390 {
			t.Errorf("%s is %d wide on a phone, %v", path, wide, err)
		}
	}
	if refused := b.text(`sessionStorage.refused || ""`); refused != "" {
		t.Errorf("the content policy refused:\n%s", refused)
	}
}
