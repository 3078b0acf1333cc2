package console_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/continuity"
)

// TestLinksThatTrafficShows: who may change sources says whether one rests on the other, once; who may not sees the question. What was said can be taken back.
func TestLinksThatTrafficShows(t *testing.T) {
	n, room := newRhythm(t)
	admin := n.first()
	auditor := n.hire(admin, "a.audit", "A. Audit", access.Auditor)
	const question = "Does LIS at MAIN stop without 10.0.0.5?"
	_, body := auditor.get("/flows/map")
	if !strings.Contains(text(body), question) || strings.Contains(body, "Yes, draw it") || !strings.Contains(body, "map-maybe") {
		t.Errorf("an auditor:\n%s", text(body))
	}
	_, body = admin.get("/flows/map")
	where := regexp.MustCompile(`Does LIS at MAIN stop[^/]+</th>(?:.|\n)*?action="(/flows/map/links/[^"]+)"`).FindStringSubmatch(body)
	if where == nil {
		t.Fatalf("an administrator is not asked:\n%s", body)
	}
	said := func() (list []continuity.LinkView) {
		t.Helper()
		m, err := room.Map(continuity.Counted{})
		if err != nil {
			t.Fatal(err)
		}
		return m.Said
	}
	if status, _ := auditor.post(where[1], url.Values{"answer": {"yes"}}); status != http.StatusForbidden {
		t.Errorf("an auditor answers: status %d", status)
	}
	if _, body := admin.post(where[1], url.Values{"answer": {"perhaps"}}); !strings.Contains(text(body), "Say yes or no") {
		t.Errorf("another word:\n%s", text(body))
	}
	if status, _ := admin.post("/flows/map/links/0123", url.Values{"answer": {"yes"}}); status != http.StatusNotFound {
		t.Errorf("a link that is none: status %d", status)
	}
	n.seal.broken.Store(true)
	if status, body := admin.post(where[1], url.Values{"answer": {"yes"}}); status != http.StatusServiceUnavailable || len(said()) != 0 {
		t.Errorf("without a trail: status %d:\n%s", status, text(body))
	}
	n.seal.broken.Store(false)
	if status, to := admin.post(where[1], url.Values{"answer": {"yes"}}); status != http.StatusSeeOther || to != "/flows/map?done=yes" {
		t.Fatalf("yes: status %d, %s", status, text(to))
	}
	_, body = admin.get("/flows/map?done=yes")
	if !strings.Contains(body, "The link is on the map") || strings.Count(body, question) != 1 || len(said()) != 1 || !said()[0].Yes {
		t.Errorf("afterwards:\n%s", text(body))
	}
	if status, _ := admin.post(where[1], url.Values{"answer": {"no"}}); status != http.StatusNotFound {
		t.Errorf("it is answered twice: status %d", status)
	}
	if status, _ := admin.post(where[1], url.Values{"answer": {"again"}}); status != http.StatusSeeOther || len(said()) != 0 {
		t.Errorf("taken back: status %d", status)
	}
}

// TestAMapThatIsNotTaken is said on the page, and why only to who can mend it.
func TestAMapThatIsNotTaken(t *testing.T) {
	n, room := newRhythm(t)
	admin := n.first()
	auditor := n.hire(admin, "a.audit", "A. Audit", access.Auditor)
	file := filepath.Join(t.TempDir(), "house.yml")
	if err := os.WriteFile(file, []byte("nodes:\n- {id: lis, kund: component}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := room.Redraw(continuity.ReadSite(file)); err == nil {
		t.Fatal("a mistake is taken")
	}
	const says, where = "It was changed, and cannot be taken", "house.yml, line 2: this key is not known"
	if _, body := admin.get("/flows/map"); !strings.Contains(text(body), says) || !strings.Contains(text(body), where) || !strings.Contains(body, "map-maybe") {
		t.Errorf("an administrator:\n%s", text(body))
	}
	if _, body := auditor.get("/flows/map"); !strings.Contains(text(body), says) || strings.Contains(text(body), "house.yml") {
		t.Errorf("an auditor:\n%s", text(body))
	}
	if err := room.Redraw(continuity.ReadSite("")); err != nil {
		t.Fatal(err)
	}
	if _, body := admin.get("/flows/map"); strings.Contains(text(body), says) {
		t.Errorf("afterwards:\n%s", text(body))
	}
}

// TestALinkIsConfirmedInABrowser goes by keys from the map to the first question, and says yes.
func TestALinkIsConfirmedInABrowser(t *testing.T) {
	n, room := newRhythm(t)
	b := openTab(t, n)
	b.signIn(n.first())
	b.see("Is anything wrong")
	b.open("/flows/map")
	b.see("Does ADMIN at MAIN stop without 10.0.0.5?")
	b.shot("flowmap-asked")
	b.press("j")
	b.press(kb.Enter)
	b.see("The link is on the map.")
	if m, err := room.Map(continuity.Counted{}); err != nil || len(m.Said) != 1 || !m.Said[0].Yes || len(m.Asked) != 1 {
		t.Errorf("said: %+v, %v", m, err)
	}
	b.shot("flowmap-said")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.open("/flows/map")
	b.see("No, leave it out")
	if shown := b.text(`String(document.querySelector(".atlas").checkVisibility())`); shown != "false" {
		t.Error("the picture takes the room of a phone")
	}
	if wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); err != nil || wide > 390 {
		t.Errorf("it is %d wide on a phone, %v", wide, err)
	}
}
