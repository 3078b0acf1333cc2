package console_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wardline/wardline/internal/access"
)

// TestARecordIsDoubtedInABrowser goes by keys alone from the first page to a result that was changed on its way, and on a phone to a chart.
func TestARecordIsDoubtedInABrowser(t *testing.T) {
	a := newArchive(t)
	p := a.hire(a.first(), "m.okafor", "M. Okafor", access.Analyst)
	b := openTab(t, a.node)
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteRefusals}); err != nil {
		t.Fatal(err)
	}
	b.signIn(p)
	b.see("Is anything wrong")
	b.press("g", "r")
	b.see("Three things may harm somebody")
	b.shot("records")
	b.press(kb.Enter)
	b.see("Care first, evidence second")
	b.open("/records/" + a.doubts["altered"])
	b.see("The record received 4.1 mmol/L; the laboratory sent 6.8 mmol/L.")
	b.see("Where it changed")
	b.shot("record-altered")
	for _, kind := range []string{"unfounded", "merged", "back-dated"} {
		b.open("/records/" + a.doubts[kind])
		b.see("What weighs")
		b.shot("record-" + kind)
	}
	b.open("/records/" + a.doubts["row-unversioned"])
	b.see("behind the back of its program")
	b.see("Changed where it is kept")
	b.shot("record-row")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	for path, says := range map[string]string{"/records": "Three things may harm somebody", "/records/" + a.doubts["altered"]: "Two points", "/records/" + a.doubts["back-dated"]: "The life of this note"} {
		b.open(path)
		b.see(says)
		if wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); err != nil || wide > 390 {
			t.Errorf("%s is %d wide on a phone, %v", path, wide, err)
		}
	}
	b.open("/records/" + a.doubts["altered"])
	b.do(chromedp.EmulateViewport(1440, 900))
	b.press(kb.Enter)
	b.see("Open the doubt")
	if refused := b.text(`sessionStorage.refused || ""`); refused != "" {
		t.Errorf("the content policy refused:\n%s", refused)
	}
	a.without("the browser", strings.ToUpper(b.text(`document.body.innerText`)))
}

// TestReconciliationInABrowser goes by keys and links from a part that was put back to an older state to one of its records, on a screen and on a phone.
func TestReconciliationInABrowser(t *testing.T) {
	a := newArchive(t)
	p := a.hire(a.first(), "m.okafor", "M. Okafor", access.Analyst)
	lab := a.laboratory()
	lab.sweep()
	lab.do(`UPDATE results SET version = 2, value = 5, updated = now() WHERE id <= 8`)
	lab.sweep()
	lab.do(`UPDATE results SET version = 1, value = 4.1, updated = now() - interval '3 hours' WHERE id <= 8`)
	lab.sweep()
	a.doubtsOf("LIS", 8)
	b := openTab(t, a.node)
	b.signIn(p)
	b.see("Is anything wrong")
	b.open("/records/systems")
	b.see("Ask who put LIS back to an older state")
	b.shot("systems")
	b.press(kb.Enter)
	b.see("Eight records differ.")
	b.shot("systems-differing")
	b.press("j", kb.Enter)
	b.see("Changed where it is kept")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	for path, says := range map[string]string{"/records/systems": "Put back", "/records/systems/LIS/results": "Eight records differ."} {
		b.open(path)
		b.see(says)
		if wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); err != nil || wide > 390 {
			t.Errorf("%s is %d wide on a phone, %v", path, wide, err)
		}
	}
	a.without("the browser", strings.ToUpper(b.text(`document.body.innerText`)))
}

// TestTheRecordIsAskedInABrowser opens a doubt about what a record keeps, before and after the record was asked.
func TestTheRecordIsAskedInABrowser(t *testing.T) {
	a := newArchive(t)
	p := a.hire(a.first(), "m.okafor", "M. Okafor", access.Analyst)
	s, says := a.record()
	id := a.keptDoubt(s, says)
	b := openTab(t, a.node)
	b.signIn(p)
	b.see("Is anything wrong")
	b.open("/records/" + id)
	b.see("6.8 mmol/L was sent to it")
	b.shot("record-kept-asked")
	if err := s.Answer(t.Context(), a.now()); err != nil {
		t.Fatal(err)
	}
	b.open("/records/" + id)
	b.see("it says what it said when it was read last")
	b.shot("record-kept")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.open("/records/" + id)
	b.see("Looked into RECORD")
	if wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); err != nil || wide > 390 {
		t.Errorf("%d wide on a phone, %v", wide, err)
	}
	a.without("the browser", strings.ToUpper(b.text(`document.body.innerText`)))
}
