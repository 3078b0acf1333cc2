package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// newAviary is a node that watches decoys: none yet.
func newAviary(t *testing.T) (*node, *continuity.Room) {
	t.Helper()
	n, room := newContinuity(t)
	n.run(room.Run)
	return n, room
}

// knock has somebody connect to an address, as a sensor of the network says.
func knock(n *node, room *continuity.Room, host string, port, trips int) {
	n.t.Helper()
	at := n.now()
	fields := fmt.Sprintf(`{"id.orig_h":"10.9.9.3","id.resp_h":%q,"id.resp_p":%d}`, host, port)
	ev := event.Event{Source: "sensor", Class: n.tax.Class("zeek", "conn", ""), Format: "json", Time: at, Observed: at, Fields: []byte(fields), ID: event.NewID("knock", host, fmt.Sprint(port, trips))}
	if _, err := n.journal.Append(n.t.Context(), journal.Line{Kind: journal.Events, Source: ev.Source, Time: at, JSON: event.AppendLine(nil, &ev)}); err != nil {
		n.t.Fatal(err)
	}
	n.wait("it was looked at", func() bool {
		d := room.Decoys()
		return len(d) == 1 && d[0].Proof.Looked > 0 && d[0].Proof.Trips+d[0].Proof.Allowed == trips
	})
}

// TestDecoysAreSeniors goes the whole way of a decoy by forms: made, quiet, touched, allowed, taken away. Who is no senior sees nothing of it, and without a
// trail nothing is done.
func TestDecoysAreSeniors(t *testing.T) {
	n, room := newAviary(t)
	admin := n.first()
	senior := n.hire(admin, "s.senior", "S. Senior", access.Senior)
	analyst := n.hire(admin, "m.okafor", "M. Okafor", access.Analyst)
	if _, body := analyst.get("/flows"); strings.Contains(body, "Canaries") {
		t.Error("an analyst is told that there are decoys")
	}
	if status, _ := analyst.get("/flows/canaries"); status != http.StatusForbidden {
		t.Errorf("an analyst: status %d", status)
	}
	if _, body := senior.get("/flows/canaries"); !strings.Contains(text(body), "We cannot tell: there are no decoys.") {
		t.Errorf("none:\n%s", text(body))
	}
	form := url.Values{"kind": {"listener"}, "where": {"server network"}, "base": {"10.1.2.3"}, "why": {"nobody uses it"}}
	if status, body := senior.post("/flows/canaries", form); status != http.StatusBadRequest || !strings.Contains(text(body), "Name the address and port") {
		t.Errorf("without a port: status %d\n%s", status, text(body))
	}
	form.Set("base", "10.1.2.3:104")
	n.seal.broken.Store(true)
	if status, _ := senior.post("/flows/canaries", form); status != http.StatusServiceUnavailable || len(room.Decoys()) != 0 {
		t.Errorf("without a trail: status %d, %d decoys", status, len(room.Decoys()))
	}
	n.seal.broken.Store(false)
	if status, body := senior.post("/flows/canaries", form); status != http.StatusOK || !strings.Contains(text(body), "Let nothing answer at this address") {
		t.Errorf("made: status %d\n%s", status, text(body))
	}
	here := "/flows/canaries/" + room.Decoys()[0].ID
	if _, body := senior.get("/flows/canaries"); !strings.Contains(text(body), "One decoy is blind") || strings.Contains(body, "10.1.2.3") {
		t.Errorf("blind:\n%s", text(body))
	}
	n.pass(2 * time.Minute)
	knock(n, room, "10.1.2.9", 104, 0)
	if _, body := senior.get("/flows/canaries"); !strings.Contains(text(body), "No. One decoy is quiet.") || !strings.Contains(text(body), "Quiet for 2 min") {
		t.Errorf("quiet:\n%s", text(body))
	}
	n.seal.broken.Store(true)
	for path, fields := range map[string]url.Values{"/marks": {}, "/allow": {"host": {"10.9.9.3"}, "owner": {"IT"}, "until": {"2099-01-01"}, "why": {"x"}}, "/remove": {"why": {"x"}}} {
		if status, body := senior.post(here+path, fields); status != http.StatusServiceUnavailable || !strings.Contains(body, "Nothing was changed") || strings.Contains(body, "10.1.2.3") {
			t.Errorf("%s without a trail: status %d\n%s", path, status, text(body))
		}
	}
	n.seal.broken.Store(false)
	if _, body := senior.get(here); strings.Contains(body, "10.1.2.3") {
		t.Error("its marks are shown to whoever looks")
	}
	if status, body := senior.post(here+"/marks", nil); status != http.StatusOK || !strings.Contains(body, "10.1.2.3:104") {
		t.Errorf("its marks: status %d\n%s", status, text(body))
	}
	knock(n, room, "10.1.2.3", 104, 1)
	_, body := senior.get("/flows/canaries")
	for _, says := range []string{"Yes. One decoy was touched", "Somebody knocked at a door behind which there is nothing", `href="/findings/` + room.Decoys()[0].Last.Finding + `"`} {
		if !strings.Contains(body, says) {
			t.Errorf("touched: %q is not there:\n%s", says, text(body))
		}
	}
	n.wait("the link leads to a finding", func() bool {
		status, body := analyst.get("/findings/" + room.Decoys()[0].Last.Finding)
		return status == http.StatusOK && strings.Contains(body, "A decoy was touched: door") && strings.Contains(body, "server network")
	})
	if _, body := senior.post(here+"/allow", url.Values{"host": {"10.9.9.3"}, "owner": {"IT"}, "until": {"2001-01-01"}, "why": {"inventory"}}); !strings.Contains(text(body), "still to come") {
		t.Errorf("an entry that has ended:\n%s", text(body))
	}
	until := n.now().AddDate(0, 0, 30).Format(time.DateOnly)
	if status, _ := senior.post(here+"/allow", url.Values{"host": {"10.9.9.3"}, "owner": {"IT"}, "until": {until}, "why": {"inventory"}}); status != http.StatusSeeOther {
		t.Errorf("an entry: status %d", status)
	}
	knock(n, room, "10.1.2.3", 104, 2)
	if _, body := senior.get(here); !strings.Contains(text(body), "anybody from 10.9.9.3") || room.Decoys()[0].Proof.Allowed != 1 {
		t.Errorf("who may:\n%s", text(body))
	}
	if _, body := senior.post(here+"/remove", nil); !strings.Contains(text(body), "Say in a sentence") || len(room.Decoys()) != 1 {
		t.Errorf("without a reason:\n%s", text(body))
	}
	if status, _ := senior.post(here+"/remove", url.Values{"why": {"the network is gone"}}); status != http.StatusSeeOther || len(room.Decoys()) != 0 {
		t.Errorf("taken away: status %d, %d decoys", status, len(room.Decoys()))
	}
	if status, _ := senior.get(here); status != http.StatusNotFound {
		t.Errorf("afterwards: status %d", status)
	}
}

// TestProgramsAreToldFiguresOfDecoys and nothing of where they lie.
func TestProgramsAreToldFiguresOfDecoys(t *testing.T) {
	n, room := newAviary(t)
	admin := n.first()
	for range 2 {
		if _, err := room.MakeDecoy(t.Context(), continuity.NewDecoy{Kind: canary.AETitle, Where: "old archive"}); err != nil {
			t.Fatal(err)
		}
	}
	token, err := n.house.Issue(access.WithActor(context.WithoutCancel(t.Context()), access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: access.FirstRoles()}), access.TokenSpec{Name: "dashboard", Role: access.Reader})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.srv.URL+"/api/v1/canaries", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := n.browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Canaries []struct {
			Kind         string
			Count, Blind int
		}
	}
	if err := json.Unmarshal(body, &said); err != nil || len(said.Canaries) != 1 || said.Canaries[0].Count != 2 || said.Canaries[0].Blind != 2 || strings.Contains(string(body), "old archive") {
		t.Errorf("%s %v", body, err)
	}
}

// TestDecoysInABrowser makes a decoy by keys, and looks at the pages on a phone.
func TestDecoysInABrowser(t *testing.T) {
	n, room := newAviary(t)
	p := n.hire(n.first(), "s.senior", "S. Senior", access.Senior)
	b := openTab(t, n)
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteRefusals}); err != nil {
		t.Fatal(err)
	}
	b.signIn(p)
	b.see("Is anything wrong")
	b.open("/flows/canaries")
	b.see("No decoy is watched")
	b.press("c")
	b.see("Choose what it pretends to be")
	b.do(chromedp.Click(`input[value=account]`), chromedp.SendKeys(`input[name=where]`, "directory of the house"), chromedp.SendKeys(`input[name=why]`, "to see who looks around"), chromedp.SendKeys(`input[name=why]`, kb.Enter))
	b.see("Shown once")
	b.shot("canary-made")
	b.open("/flows/canaries")
	b.see("still being put in place")
	b.press("j", kb.Enter)
	b.see("It is not watched yet")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	for path, says := range map[string]string{"/flows/canaries": "still being put in place", "/flows/canaries/add": "Where does it lie?", "/flows/canaries/" + room.Decoys()[0].ID: "Who may touch it"} {
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
