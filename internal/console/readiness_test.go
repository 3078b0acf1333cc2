package console_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/continuity/downtime"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// wards are units that get paper.
type wards struct {
	*node
	shelf *continuity.Shelf
	laid  []continuity.Laid
	asked []string // of what lists were made
	fails error    // of the next list
}

func newWards(t *testing.T, more ...func(*console.Config)) *wards {
	t.Helper()
	w := &wards{}
	_, public, err := downtime.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := continuity.ParsePaper(fmt.Appendf(nil, `
folders: [/nowhere]
keys: %s
call: [{name: IT on duty, number: "5900"}, {name: House supervisor, number: "5001"}, {name: Laboratory, number: "5310"}, {name: Blood bank, number: "5320"}, {name: Radiology, number: "5600"}, {name: Switchboard, number: "9"}]
units:
- {unit: 4W, title: 4 West, call: [{name: Pharmacy, number: "5440"}, {name: Charge nurse, number: "4410"}], patients: {prefix: N4W, from: 1, to: 60}, specimens: {prefix: S4W, from: 1, to: 200},
   forms: [{number: L-2a, title: Laboratory order}, {number: L-3, title: Blood bank request}, {number: M-1, title: Medication chart}, {number: N-4, title: Charting form}, {number: R-7, title: Radiology request}, {number: A-1, title: Admission}]}
- {unit: 5E, title: 5 East}
- {unit: ICU}
`, public))
	if err != nil {
		t.Fatal(err)
	}
	w.node = newNode(t, func(n *node, c *console.Config) {
		if c.Paper, err = continuity.NewPaper(cfg, c.Site, time.UTC); err != nil {
			t.Fatal(err)
		}
		if w.shelf, err = continuity.OpenShelf(t.Context(), continuity.ShelfConfig{DB: c.DB, Vault: c.Veil.Vault(), Now: n.now}); err != nil {
			t.Fatal(err)
		}
		c.Shelf = w.shelf
		c.Packs = func() ([]continuity.Laid, continuity.Counted) { return w.laid, continuity.Counted{} }
		c.Recover = func(ctx context.Context, unit string, from, to time.Time, by string) (*continuity.List, error) {
			w.asked = append(w.asked, fmt.Sprintln(unit, from.Format(time.RFC3339), to.Format(time.RFC3339), by))
			l := &continuity.List{Downtime: continuity.Downtime{Unit: unit, From: from, To: to, Made: n.now(), By: by, Items: 43}}
			return l, errors.Join(w.fails, w.shelf.Remember(ctx, l.Downtime))
		}
		for _, change := range more {
			change(c)
		}
	})
	return w
}

// pack has a unit's pack be made of a patient.
func (w *wards) pack(unit string, age time.Duration) {
	w.t.Helper()
	data := w.now().Add(-age)
	in := bedside.Inpatient{ID: 1, Bed: "12", Person: bedside.Person{Family: "Testperson", Given: "Tilda"}, MRN: hospital.Identifier{Value: "T0000017"}}
	if err := w.shelf.Put(w.t.Context(), unit, continuity.CensusOf([]bedside.Inpatient{in}, nil, data, data)); err != nil {
		w.t.Fatal(err)
	}
	w.laid = append(w.laid, continuity.Laid{Unit: unit, File: "pack-" + unit + ".pdf.age", Patients: 1, Data: data})
}

// drill is one that went well.
func (w *wards) drill(unit string) {
	w.t.Helper()
	for _, err := range []error{w.shelf.StartDrill(w.t.Context(), unit, "M. Okafor", nil), w.shelf.Drilled(w.t.Context(), unit, 0), w.shelf.EndDrill(w.t.Context(), unit)} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func unitPage(unit string) string { return "/flows/readiness/" + event.NewID("unit", unit).String() }

// TestReadiness answers by what units lack, the worst of them first.
func TestReadiness(t *testing.T) {
	w := newWards(t)
	p := w.hire(w.first(), "m.okafor", "M. Okafor", access.Analyst)
	for _, c := range []struct {
		what   string
		change func()
		answer string
		order  string // of units
	}{
		{"at first", func() {}, "No. 3 of 3 units have no pack that is young enough.", "4 West (4W), 5 East (5E), ICU"},
		{"one has a pack", func() { w.pack("4W", time.Hour) }, "No. 2 of 3 units have no pack", "5 East (5E), ICU, 4 West (4W)"},
		{"one is old", func() { w.pack("5E", time.Minute); w.pack("ICU", 9*time.Hour) }, "No. 1 of 3 units has no pack", "ICU, 4 West (4W), 5 East (5E)"},
		{"a folder is full", func() {
			w.pack("ICU", time.Minute)
			w.laid[1].Trouble, w.laid[1].Failed = "no space left on device", 1
			w.laid = append(w.laid[:2], w.laid[3])
		}, "No. 1 of 3 units has a pack that is not where it should be.", "5 East (5E), 4 West (4W), ICU"},
		{"a pack cannot be made", func() { w.laid[2].Trouble, w.laid[2].File = "too much", "" }, "No. 2 of 3 units have a pack that is not where it should be.", "5 East (5E), ICU, 4 West (4W)"},
		{"nobody prints", func() { w.laid[1].Trouble, w.laid[1].Failed, w.laid[2].Trouble, w.laid[2].File = "", 0, "", "x" }, "Not all. 3 of 3 units have no paper of the last twelve hours.", "4 West (4W), 5 East (5E), ICU"},
		{"all print", func() {
			for _, unit := range []string{"4W", "5E", "ICU"} {
				if err := w.shelf.Printed(t.Context(), unit, "M. Okafor"); err != nil {
					t.Fatal(err)
				}
			}
			w.drill("4W")
		}, "Perhaps. 2 of 3 units have no drill of the last half year that went well.", "5 East (5E), ICU, 4 West (4W)"},
		{"all is well", func() { w.drill("5E"); w.drill("ICU") }, "Yes. All 3 units are ready.", "4 West (4W), 5 East (5E), ICU"},
	} {
		c.change()
		status, body := p.get("/flows/readiness")
		body = text(body)
		var order []string
		for _, row := range strings.Split(body, `<th scope="row">`)[1:] {
			_, name, _ := strings.Cut(row, `">`)
			name, _, _ = strings.Cut(name, "<")
			order = append(order, name)
		}
		if status != http.StatusOK || !strings.Contains(body, c.answer) || strings.Join(order, ", ") != c.order {
			t.Errorf("%s: status %d, %s, want %s and %q:\n%s", c.what, status, strings.Join(order, ", "), c.order, c.answer, body)
		}
		if strings.Contains(body, "no space left") || strings.Contains(body, "Testperson") || strings.Contains(body, "T0000017") {
			t.Errorf("%s: it quotes", c.what)
		}
	}
}

// TestUnitsThatGetNoPaper says what to do where none is listed.
func TestUnitsThatGetNoPaper(t *testing.T) {
	n := newNode(t)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	if status, body := p.get("/flows/readiness"); status != http.StatusOK || !strings.Contains(body, "continuity.packs") {
		t.Errorf("status %d:\n%s", status, text(body))
	}
	if status, _ := p.get(unitPage("4W")); status != http.StatusNotFound {
		t.Errorf("a unit of none: status %d", status)
	}
}

// TestWhoPractises: who looks after devices says that paper was printed and holds a drill, each sealed before it is done, and has no list made that excuses late entries; an
// auditor looks on.
func TestWhoPractises(t *testing.T) {
	w := newWards(t)
	admin := w.first()
	auditor := w.hire(admin, "a.audit", "A. Audit", access.Auditor)
	biomed := w.hire(admin, "b.med", "B. Med", access.Biomed)
	at := unitPage("4W")
	if status, body := auditor.get(at); status != http.StatusOK || strings.Contains(body, "<button class=\"btn") || !strings.Contains(body, "What it has") {
		t.Errorf("an auditor: status %d\n%s", status, body)
	}
	acts := []string{"/printed", "/drill", "/drill/step", "/drill/end", "/recover"}
	form := url.Values{"step": {"0"}, "from": {"2026-06-14T01:00"}, "to": {"2026-06-14T04:00"}}
	w.seal.broken.Store(true)
	for _, act := range acts {
		if status, body := admin.post(at+act, form); status != http.StatusServiceUnavailable || !strings.Contains(body, "Nothing was changed") {
			t.Errorf("%s without a trail: status %d\n%s", act, status, text(body))
		}
	}
	w.seal.broken.Store(false)
	if _, body := biomed.get(at); !strings.Contains(body, at+"/drill\"") || !strings.Contains(body, at+"/printed\"") || strings.Contains(body, at+"/recover") || !strings.Contains(body, "An administrator has a list made here") {
		t.Errorf("who may practise is offered:\n%s", body)
	}
	if status, _ := biomed.post(at+"/recover", form); status != http.StatusForbidden {
		t.Errorf("a list that excuses late entries, for who may only practise: status %d", status)
	}
	for _, act := range acts {
		if status, _ := auditor.post(at+act, form); status != http.StatusForbidden {
			t.Errorf("%s as an auditor: status %d", act, status)
		}
		if status, _ := admin.post(unitPage("6N")+act, form); status != http.StatusNotFound {
			t.Errorf("%s of a unit that is none: status %d", act, status)
		}
	}
	if p, _, err := w.shelf.Unit(t.Context(), "4W"); err != nil || !p.Printed.IsZero() || len(p.Drills) > 0 || len(w.asked) > 0 {
		t.Fatalf("something was done: %+v %v %q", p, err, w.asked)
	}
	do := func(act string, form url.Values, says string) {
		t.Helper()
		status, to := biomed.post(at+act, form)
		if status != http.StatusSeeOther {
			t.Fatalf("%s: status %d\n%s", act, status, text(to))
		}
		if _, body := biomed.get(to); !strings.Contains(text(body), says) {
			t.Errorf("%s: %q is not said:\n%s", act, says, text(body))
		}
	}
	refused := func(act string, form url.Values, says string) {
		t.Helper()
		if status, body := biomed.post(at+act, form); status != http.StatusBadRequest || !strings.Contains(text(body), says) {
			t.Errorf("%s: status %d, %q is not said:\n%s", act, status, says, text(body))
		}
	}
	do("/printed", nil, "Paper was printed just now.")
	refused("/drill/end", nil, "No drill goes on")
	do("/drill", nil, "The pack is not in hand yet.")
	refused("/drill", nil, "end it first")
	refused("/drill/step", url.Values{"step": {"x"}}, "Say which step")
	refused("/drill/step", url.Values{"step": {"6"}}, "there is no step 7")
	w.pass(4*time.Minute + 10*time.Second)
	do("/drill/step", url.Values{"step": {"0"}}, "The pack was in hand after 4:1")
	if _, body := auditor.get(at); !strings.Contains(body, "Look at the age of this paper first") || strings.Contains(body, "/drill/end") {
		t.Errorf("an auditor looks on:\n%s", body)
	}
	for i := 1; i < 6; i++ {
		do("/drill/step", url.Values{"step": {fmt.Sprint(i)}}, either(i < 5, "left.", "All is done. End the drill."))
	}
	do("/drill/end", nil, "The drill is over, and kept.")
	if _, body := auditor.get(at); !strings.Contains(body, "Held") || !strings.Contains(body, "6 of 6") {
		t.Errorf("afterwards:\n%s", text(body))
	}
}

func either(one bool, a, b string) string {
	if one {
		return a
	}
	return b
}

// TestListAfterADowntime is asked for by the clock of the house, and does not come to the browser.
func TestListAfterADowntime(t *testing.T) {
	w := newWards(t, func(c *console.Config) { c.Zone = time.FixedZone("house", 2*3600) })
	admin := w.first()
	at := unitPage("4W")
	form := url.Values{"from": {"2026-06-14T01:00"}, "to": {"2026-06-14T04:00"}}
	status, to := admin.post(at+"/recover", form)
	if status != http.StatusSeeOther || len(w.asked) != 1 || !strings.HasPrefix(w.asked[0], "4W 2026-06-14T01:00:00+02:00 2026-06-14T04:00:00+02:00 ") {
		t.Fatalf("status %d, asked %q", status, w.asked)
	}
	if _, body := admin.get(to); !strings.Contains(text(body), "The list lies beside the packs") || !strings.Contains(body, "pack-4W-20260613T230000Z.back.pdf.age") || !strings.Contains(body, ">43<") {
		t.Errorf("afterwards:\n%s", text(body))
	}
	if _, body := admin.get(unitPage("5E")); strings.Contains(body, "back.pdf") {
		t.Error("another unit had it")
	}
	for what, c := range map[string]struct {
		form url.Values
		err  error
		says string
	}{
		"no time":       {url.Values{"from": {"yesterday"}, "to": {"2026-06-14T04:00"}}, nil, "each with day and time"},
		"no census":     {form, continuity.ErrNoCensus, "go through the paper"},
		"no such times": {form, continuity.ErrDowntime, "begins before it ends"},
	} {
		w.fails = c.err
		if status, body := admin.post(at+"/recover", c.form); status != http.StatusBadRequest || !strings.Contains(text(body), c.says) {
			t.Errorf("%s: status %d\n%s", what, status, text(body))
		}
	}
}

// TestUnitCards open without signing in, from the networks that are named and from no other, whatever a header says.
func TestUnitCards(t *testing.T) {
	at := "/card/" + event.NewID("unit", "4W").String()
	for what, c := range map[string]struct {
		networks []string
		open     bool
	}{
		"off":             {nil, false},
		"another network": {[]string{"10.0.0.0/8", "::1/128"}, false},
		"this network":    {[]string{"10.0.0.0/8", "127.0.0.0/8"}, true},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWards(t, func(cfg *console.Config) {
				for _, n := range c.networks {
					cfg.Cards = append(cfg.Cards, netip.MustParsePrefix(n))
				}
			})
			w.pack("4W", time.Minute)
			anybody := w.browser()
			get := func(path string) (int, string) {
				t.Helper()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.srv.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"} {
					req.Header.Set(name, either(name == "Forwarded", "for=10.1.2.3", "10.1.2.3"))
				}
				res, err := anybody.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				return res.StatusCode, string(body)
			}
			for path, says := range map[string][]string{
				"/card": {"4 West", "5 East", "ICU", at},
				at:      {"4 West", "IT on duty", "5900", "Pharmacy", "5440", "What is down", "What to do", "Write everything down with its time", "L-2a", "N4W0001 to N4W0060", `http-equiv="refresh" content="60"`, "Newest pack: data of"},
			} {
				status, body := get(path)
				if !c.open {
					if status != http.StatusNotFound || strings.Contains(body, "4 West") || !strings.Contains(body, "There is nothing here.") {
						t.Errorf("%s: status %d\n%s", path, status, body)
					}
					continue
				}
				if status != http.StatusOK || strings.Contains(body, "Testperson") || strings.Contains(body, "T0000017") {
					t.Errorf("%s: status %d\n%s", path, status, body)
				}
				for _, word := range says {
					if !strings.Contains(body, word) {
						t.Errorf("%s does not say %q:\n%s", path, word, body)
					}
				}
			}
			if status, _ := get("/card/" + event.NewID("unit", "6N").String()); status != http.StatusNotFound {
				t.Errorf("the card of no unit: status %d", status)
			}
			if status, _ := get("/flows/readiness"); status != http.StatusSeeOther {
				t.Errorf("the rest is open: status %d", status)
			}
		})
	}
}

// TestADrillInABrowser goes by keys from the first page to a drill that is over, on a screen and on a phone; the clock runs.
func TestADrillInABrowser(t *testing.T) {
	w := newWards(t, func(cfg *console.Config) { cfg.Cards = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	w.pack("4W", time.Minute)
	p := w.first()
	b := openTab(t, w.node)
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteRefusals}); err != nil {
		t.Fatal(err)
	}
	b.signIn(p)
	b.see("Is anything wrong")
	b.open("/flows/readiness")
	b.see("2 of 3 units have no pack")
	b.shot("readiness")
	b.press("j", "j", "j", kb.Enter)
	b.see("What it has")
	b.press("y")
	b.see("Paper was printed just now.")
	b.press("d")
	b.see("The pack is not in hand yet.")
	w.pass(4 * time.Minute)
	b.press("1")
	b.see("The pack was in hand after 4:0")
	clock := `document.querySelector(".watchclock").textContent`
	began := b.text(clock)
	w.wait("the clock runs by itself", func() bool { return b.text(clock) != began })
	if !strings.HasPrefix(b.text(clock), "4:") {
		t.Errorf("the clock shows %s", b.text(clock))
	}
	b.press("3")
	b.see("Four steps are left.")
	b.shot("drill")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.open(unitPage("4W"))
	b.see("Four steps are left.")
	narrow := func() {
		t.Helper()
		if wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); err != nil || wide > 390 {
			t.Errorf("%s is %d wide on a phone, %v", b.text(`location.pathname`), wide, err)
		}
	}
	narrow()
	if small := b.text(`[...document.querySelectorAll(".checks button")].filter(e => e.getBoundingClientRect().height < 44).map(e => e.textContent).join()`); small != "" {
		t.Errorf("hard to hit with a thumb: %s", small)
	}
	for _, n := range []string{"2", "4", "5", "6"} {
		b.do(chromedp.Click(`.checks button[data-key="` + n + `"]`))
		b.see(either(n == "6", "All is done.", "left."))
		b.do(chromedp.WaitNotPresent(`.checks button[data-key="` + n + `"]`))
	}
	b.do(chromedp.EmulateViewport(1440, 900))
	b.ctrlEnter()
	b.see("The drill is over, and kept.")
	b.see("6 of 6")
	b.shot("unit")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	for _, path := range []string{"/flows/readiness", unitPage("4W"), "/card", "/card/" + event.NewID("unit", "4W").String()} {
		b.open(path)
		narrow()
	}
	b.do(chromedp.EmulateViewport(1440, 900))
	w.cardInABrowser(b)
	if refused := b.text(`sessionStorage.refused || ""`); refused != "" {
		t.Errorf("the content policy refused:\n%s", refused)
	}
}

// cardInABrowser looks at a unit's card: it grows older, asks for itself anew, stays when nobody answers, and fits on a sheet of paper.
func (w *wards) cardInABrowser(b *tab) {
	t := w.t
	t.Helper()
	at := "/card/" + event.NewID("unit", "4W").String()
	b.open("/card")
	b.see("ICU")
	b.open(at)
	b.see("House supervisor")
	b.shot("card")
	b.older()
	b.turn()
	w.wait("the card is asked for anew", func() bool { return b.text(`String(window.here)`) == "undefined" })
	b.see("House supervisor")
	sheet, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("WARDLINE_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "card.pdf"), sheet.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(regexp.MustCompile(`/Type /Page\b`).FindAll(sheet.Data, -1)); n != 1 {
		t.Errorf("it is printed on %d pages", n)
	}
	w.srv.CloseClientConnections()
	w.srv.Close()
	b.older()
	b.turn()
	b.older()
	b.older()
	if b.text(`window.here`) != "still here" {
		t.Error("it went away when nobody answered")
	}
	b.see("House supervisor")
}

// older waits until the card says that it is older.
func (b *tab) older() {
	b.t.Helper()
	const age = `window.here = "still here", document.querySelector(".age strong").textContent`
	was := b.text(age)
	b.n.wait("the card is older", func() bool { return b.text(age) != was })
}

// turn has the page be looked at again.
func (b *tab) turn() {
	b.t.Helper()
	b.text(`document.dispatchEvent(new Event("visibilitychange")), ""`)
}
