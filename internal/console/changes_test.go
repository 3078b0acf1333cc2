package console_test

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/wardline/wardline/internal/access"
)

// changeTheRules writes a rule that finds what the night brings, and another one less than before.
func (n *node) changeTheRules() {
	n.t.Helper()
	other := strings.Replace(rules, "param2: stopped}", "param2: stopped, Computer|startswith: PACS-1}", 1) + `---
title: Names were asked
id: 5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad004
author: Wardline
logsource: {product: windows, service: system}
detection: {s: {EventID: [5000, 7036]}, condition: s}
level: medium
`
	if err := os.WriteFile(n.rules, []byte(other), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// TestRulesChangeInABrowser goes the way of a senior analyst: look for changes, see the receipt, let them go live.
func TestRulesChangeInABrowser(t *testing.T) {
	n := newNode(t)
	b := openTab(t, n)
	n.night(0)
	p := n.first()
	b.open("/login")
	b.do(chromedp.SendKeys(`[name=name]`, p.name), chromedp.SendKeys(`[name=passphrase]`, passphrase), chromedp.SendKeys(`[name=code]`, n.code(p.device)+"\r"))
	b.see("Five findings wait.")
	b.press("g", "l")
	b.see("3 rules are loaded")
	b.do(chromedp.Click(`form[action="/rules/look"] button`))
	b.see("The rules at work are those that are configured.")
	b.shot("changes-none")
	n.changeTheRules()
	b.do(chromedp.Click(`form[action="/rules/look"] button`))
	b.see("1 rule is new and 1 rule is changed.")
	b.see("Names were asked")
	b.shot("changes")
	b.ctrlEnter()
	b.see("They would have found 4 more, and 2 no longer.")
	b.see("2 findings of now would no longer be found, of which 0 were judged true.")
	b.shot("trial")
	b.do(chromedp.Click(`form[action="/rules/activate"] button`))
	b.see("The rules are at work. What is new in them was seen 4 times")
	b.shot("activated")
	b.press("g", "i")
	b.see("Nine findings wait.")
	b.press("g", "l")
	b.see("4 rules are loaded")
	b.shot("rules-spoke")
}

// Nobody lets rules go live without a receipt, and nothing goes live that was changed since.
func TestNothingGoesLiveUnseen(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	p, reader := n.hire(admin, "m.okafor", "M. Okafor", access.Senior), n.hire(admin, "t.mbeki", "T. Mbeki", access.Auditor)
	n.changeTheRules()
	if status, to := p.post("/rules/look", nil); status != http.StatusSeeOther || to != "/rules/changes" {
		t.Fatal(status, to)
	}
	_, body := p.get("/rules/changes")
	version := regexp.MustCompile(`name="version" value="([0-9a-f]+)"`).FindStringSubmatch(body)
	if version == nil {
		t.Fatal(body)
	}
	for _, form := range []url.Values{nil, {"receipt": {"none"}}, {"version": {version[1]}}} {
		if status, body := p.post("/rules/activate", form); status != http.StatusBadRequest || !strings.Contains(body, "See first what would change") {
			t.Errorf("%v: status %d", form, status)
		}
	}
	if status, _ := p.post("/rules/changes", url.Values{"version": {"other"}, "days": {"0"}}); status != http.StatusBadRequest {
		t.Errorf("another version: status %d", status)
	}
	status, job := p.post("/rules/changes", url.Values{"version": {version[1]}, "days": {"0"}})
	if status != http.StatusSeeOther {
		t.Fatal(status, job)
	}
	ended := func(p *person, job string) (body string) {
		n.wait("the job ends", func() bool {
			_, body = p.get(job)
			return !strings.Contains(body, "data-progress")
		})
		return body
	}
	if body := ended(p, job); !strings.Contains(body, "What would no longer be found") || !strings.Contains(body, "PACS-2") {
		t.Errorf("the receipt does not name what is lost\n%s", body)
	}
	if body := ended(reader, job); strings.Contains(body, "PACS-2") || strings.Contains(body, "/rules/activate") {
		t.Error("an auditor sees findings that are open, or may let rules go live")
	}
	receipt := url.Values{"receipt": {strings.TrimPrefix(job, "/rules/changes/")}}
	// The trail fails: nothing goes live, not even later.
	before := n.live.State().Version
	n.seal.broken.Store(true)
	status, failed := p.post("/rules/activate", receipt)
	if status != http.StatusSeeOther {
		t.Fatal(status, failed)
	}
	if body := ended(p, failed); !strings.Contains(body, "It failed. The rules at work are as before.") {
		t.Errorf("%s", body)
	}
	n.seal.broken.Store(false)
	if status, body := p.post("/rules/activate", receipt); status != http.StatusBadRequest || !strings.Contains(body, "look for changes again") {
		t.Errorf("by an old receipt: status %d", status)
	}
	if _, going := n.book.Going(); going || n.live.State().Version != before {
		t.Error("the rules went live without a trail")
	}
}
