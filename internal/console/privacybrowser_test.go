package console_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// signIn signs somebody in.
func (b *tab) signIn(p *person) {
	b.t.Helper()
	b.open("/login")
	b.do(chromedp.SendKeys(`[name=name]`, p.name), chromedp.SendKeys(`[name=passphrase]`, passphrase), chromedp.SendKeys(`[name=code]`, b.n.code(p.device)+"\r"))
}

// TestThePrivacyOfficersMorning is done by keys alone, in a real browser: from the first page to a case, names for a
// reason, decisions, one of them taken back, and the breach facts.
func TestThePrivacyOfficersMorning(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "j.officer")
	b := openTab(t, n.node)
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteRefusals}); err != nil {
		t.Fatal(err)
	}
	b.signIn(p)
	b.see("Who looked at a chart without a reason?")
	b.shot("office-today")
	b.press("g", "a")
	b.see("Two may not wait until tomorrow.")
	b.shot("office-review")
	b.press(kb.Enter)
	b.see("1 of 3")
	b.press("j")
	b.see("2 of 3")
	b.press("j")
	b.see("3 of 3")
	b.see("We found no reason for three openings of a co-worker")
	b.see("Did this person have a reason to open this chart?")
	b.shot("office-case")

	// Names for a reason.
	b.press("r")
	b.see("Show names here?")
	b.shot("office-ask")
	b.do(chromedp.SetValue(`[name=reason]`, "talk"), chromedp.Click(`.reveal button`))
	b.see("Ida Holm")
	b.see("Names are shown until")
	b.shot("office-names")
	b.press("r")
	b.see("••••4471")
	if strings.Contains(b.text(`document.documentElement.outerHTML`), "Holm") {
		t.Error("masked again, and the name is still in the page")
	}

	b.conclude()
	if refused := b.text(`sessionStorage.refused || ""`); refused != "" {
		t.Errorf("the content policy refused:\n%s", refused)
	}
}

// conclude calls a case a breach, takes that back, says that there was a reason, and goes on to a breach and its facts.
func (b *tab) conclude() {
	b.t.Helper()
	b.press("4")
	b.do(chromedp.SendKeys(`[name=why]`, "Nobody could name a reason"))
	b.ctrlEnter()
	b.see("Breach case: case 0")
	b.press("z")
	b.see("What do you conclude?")
	b.press("1")
	b.do(chromedp.SendKeys(`[name=why]`, "Covered a desk"))
	b.ctrlEnter()
	b.see("Which fact was missing?")
	b.do(chromedp.SendKeys(`[name=fact]`, "The desk of the clinic is covered on Mondays"), chromedp.Click(`[value=try]`))
	b.see("This would have explained")
	b.shot("office-missing")
	b.ctrlEnter()
	b.see("There was a reason: case 0")

	// The next one is a breach; its facts are written down.
	b.press("4")
	b.do(chromedp.SendKeys(`[name=why]`, "Many charts, no reason"))
	b.ctrlEnter()
	b.see("Open the breach facts")
	b.press(kb.Enter)
	b.see("62 patients. The first date is")
	b.shot("office-breach")
	b.do(chromedp.Click(`[name=factor3][value=high]`), chromedp.Click(`[name=conclusion][value=breach]`), chromedp.SendKeys(`[name=reason]`, "Looked at and printed"))
	b.ctrlEnter()
	b.see("Saved with the case")
}

// TestAListForThePatientIsPrinted asks who saw a chart, and looks at the paper.
func TestAListForThePatientIsPrinted(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "j.officer")
	b := openTab(t, n.node)
	b.signIn(p)
	b.see("Who looked at a chart without a reason?")
	b.open("/patients/who-saw")
	b.see("Ask for one patient")
	b.shot("office-ask-patient")
	b.do(chromedp.SendKeys(`[name=patient]`, "0099-4471"))
	b.ctrlEnter()
	b.see("without a reason that we found")
	b.shot("office-saw")
	if at := b.text(`location.href`); strings.Contains(at, "4471") {
		t.Errorf("the number stands in the address: %s", at)
	}
	if text := b.text(`document.documentElement.outerHTML`); strings.Contains(text, "0099-4471") {
		t.Error("the number stands in the page")
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(794, 1123))
	shown := b.text(`[...document.querySelectorAll("nav, form, button, .keys, .toast, summary")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 60)).join("\n")`)
	if shown != "" {
		t.Errorf("on paper there is:\n%s", shown)
	}
	paper := b.text(`document.body.innerText`)
	for _, want := range []string{"Alder Valley Hospital", "by j.officer", "names masked", "What this list is, and is not", "No reason found"} {
		if !strings.Contains(paper, want) {
			t.Errorf("the paper does not say %q:\n%s", want, paper)
		}
	}
	if dir := os.Getenv("WARDLINE_SHOTS"); dir != "" {
		b.picture(filepath.Join(dir, "real-office-saw-print.png"))
	}
	b.open("/review/" + n.coworker)
	b.see("What weighs")
	if text := b.text(`document.body.innerText`); !strings.Contains(text, "names masked") || strings.Contains(text, "What do you conclude?") {
		t.Error("the evidence print is not as it should be")
	}
	if dir := os.Getenv("WARDLINE_SHOTS"); dir != "" {
		b.picture(filepath.Join(dir, "real-office-case-print.png"))
	}
}
