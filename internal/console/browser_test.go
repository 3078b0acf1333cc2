package console_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab is a tab of a real browser.
type tab struct {
	t   *testing.T
	n   *node
	ctx context.Context
	at  string // where the console is opened
}

// openTab starts Chromium. Without one the test is skipped, but not where CI is set.
func openTab(t *testing.T, n *node) *tab {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium was found, and CI asks for all tests")
		}
		t.Skip("no Chromium was found")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.IgnoreCertErrors)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, n: n, ctx: ctx, at: n.srv.URL}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		b.t.Fatalf("%v\n%s", err, text)
	}
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.at + path))
}

// see waits until the page says something. It asks over and over, for pages come and go meanwhile.
func (b *tab) see(text string) {
	b.t.Helper()
	says := chromedp.Evaluate[bool](`document.readyState === "complete" && document.body.innerText.includes(` + strconv.Quote(text) + `)`)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		if ok, err := chromedp.Run(b.ctx, says); err == nil && ok {
			return
		}
	}
	got, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	b.t.Fatalf("the page never said %q:\n%s", text, got)
}

// press presses keys, as somebody does whose hands stay on the keyboard.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(k))
	}
}

func (b *tab) ctrlEnter() {
	b.t.Helper()
	b.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

func (b *tab) text(js string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](js))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// noteRefusals has the browser note what the content policy refuses.
const noteRefusals = `addEventListener("securitypolicyviolation", e => sessionStorage.refused = (sessionStorage.refused || "") + e.violatedDirective + " " + e.blockedURI + "\n")`

func TestANodeIsSetUpAndUsedInABrowser(t *testing.T) {
	n := newNode(t)
	b := openTab(t, n)
	n.night(0)
	// What the content policy refuses is noted, to be looked at in the end.
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteRefusals}); err != nil {
		t.Fatal(err)
	}

	// The first person sets the node up.
	b.open("/setup/" + n.link)
	b.see("Set up Wardline")
	b.shot("setup")
	b.do(chromedp.SendKeys(`[name=name]`, "a.lindqvist"), chromedp.SendKeys(`[name=display]`, "A. Lindqvist"),
		chromedp.SendKeys(`[name=passphrase]`, passphrase), chromedp.SendKeys(`[name=again]`, passphrase+"\r"))
	b.see("Your second factor")
	device := strings.ReplaceAll(b.text(`document.querySelector("#secret").textContent`), " ", "")
	b.do(chromedp.SendKeys(`[name=code]`, "000000\r"))
	b.see("The code is wrong")
	b.shot("enrol")
	b.do(chromedp.SendKeys(`[name=code]`, n.code(device)+"\r"))
	b.see("Your recovery codes")
	b.shot("recovery")
	b.press(kb.Enter)
	b.see("Is anything wrong, and what one thing should I do?")

	// He signs out, and in again with the second factor.
	b.do(chromedp.Click(`.rail footer button`))
	b.see("Sign in")
	b.shot("login")
	b.do(chromedp.SendKeys(`[name=name]`, "a.lindqvist"), chromedp.SendKeys(`[name=passphrase]`, passphrase), chromedp.SendKeys(`[name=code]`, n.code(device)+"\r"))
	b.see("Five findings wait.")

	// From here on, only keys. The one thing to do is the worst finding.
	b.press(kb.Enter)
	b.see("Is this real?")
	b.do(chromedp.Evaluate[chromedp.Void](`location.hash = "finding"`))
	b.shot("finding")
	b.press("j", "j", "j")
	b.see("Chart opened by somebody without a shift")
	b.press("f")
	b.see("False alarm: ")
	b.shot("judged")
	b.see("Four findings wait.")
	b.press("z")
	b.see("Taken back")
	b.see("Five findings wait.")
	b.press("a")
	b.see("You have it")
	n.send("winlogbeat", "windows", "System", "7036", n.now().UTC(), map[string]any{"EventID": "7036", "param2": "stopped", "Computer": "PACS-9.alder.example"})
	b.see("1 new, waiting")
	b.press("n")
	b.see("Six findings wait.")
	b.see("PACS-9.alder.example")

	b.suppress()
	b.searchAndProve()
	b.hunt()
	b.verify()
	b.connect()
	b.keys()
	if refused := b.text(`sessionStorage.refused || ""`); refused != "" {
		t.Errorf("the content policy refused:\n%s", refused)
	}
	b.shots()
}

// suppress hides what is expected, and sees the receipt before.
func (b *tab) suppress() {
	b.t.Helper()
	b.press("g", "i")
	b.see("Six findings wait.")
	b.press("h")
	b.see("What may stay quiet, and until when?")
	b.do(chromedp.Click(`.choice:last-child input`), chromedp.SendKeys(`[name=reason]`, "Planned visits of the vendor on Mondays"))
	b.ctrlEnter()
	b.see("This hides 4 findings, of which 0 were judged true.")
	b.shot("receipt")
	b.ctrlEnter()
	b.see("One rule is hidden for a time.")
	b.see("Planned visits of the vendor on Mondays")
	b.shot("hidden")
}

// searchAndProve finds an event by a word and shows that it is sealed.
func (b *tab) searchAndProve() {
	b.t.Helper()
	b.press("/")
	b.see("Ask everything that your systems said.")
	b.do(chromedp.SendKeys(`main [name=text]`, "svc-vendor\r"))
	b.see("3 events fit in the last day.")
	b.shot("answer")
	if at := b.text(`location.href`); strings.Contains(at, "svc-vendor") {
		b.t.Errorf("the address shows what was asked: %s", at)
	}
	b.do(chromedp.Click(`main .seal`))
	b.see("Yes. This was sealed")
	b.see("The root is the one that was signed.")
	b.shot("proof")
}

// hunt asks the past for something that is there, and for something that is not.
func (b *tab) hunt() {
	b.t.Helper()
	for _, q := range []struct{ ask, answer string }{{"198.51.100.77", "No. It was not seen"}, {"PACS-2.alder.example", "Yes. It was seen once"}} {
		b.press("g", "b")
		b.see("Ask the whole journal, and keep the answer.")
		b.do(chromedp.SendKeys(`[name=indicators]`, q.ask))
		b.ctrlEnter()
		b.see(q.answer)
		b.shot("job")
	}
	b.press("g", "b")
	b.see("Not seen")
	b.shot("hunt")
}

// verify has the whole journal read again.
func (b *tab) verify() {
	b.t.Helper()
	b.press("g", "j")
	b.see("Not checked")
	b.press(kb.Enter)
	b.see("Every entry was read again and is as it was sealed.")
}

// connect makes a token for a sender and is shown the lines to paste.
func (b *tab) connect() {
	b.t.Helper()
	b.press("g", "o")
	b.see("Both sources speak.")
	b.press("c")
	b.see("Choose what shall send.")
	b.do(chromedp.Click(`[name=kind][value=winlogbeat]`), chromedp.SendKeys(`[name=name]`, "pacs-9"))
	b.ctrlEnter()
	b.see("The token of pacs-9")
	token := b.text(`document.querySelector("#token").textContent`)
	if lines := b.text(`document.querySelector("pre").textContent`); !strings.Contains(lines, `password: "`+token+`"`) || !strings.Contains(lines, "https://wardline.alder.example:8443") {
		b.t.Errorf("the lines hold no token or no address:\n%s", lines)
	}
	b.shot("token")
}

// keys looks on each page for what its key bar promises.
func (b *tab) keys() {
	b.t.Helper()
	for _, path := range []string{"/", "/findings", "/search", "/hunt", "/sources", "/sources/add", "/rules", "/rules/5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad001", "/journal", "/journal/0/0", "/people", "/trail"} {
		b.open(path)
		missing := b.text(`[...document.querySelectorAll(".keys > span")].map(s => [...s.querySelectorAll("kbd")].map(k => k.textContent).join(" "))
			.flatMap(k => k.startsWith("Ctrl") ? [k] : k.split(" ")).filter(k => !["J", "K", "P", "Z"].includes(k))
			.map(k => k === "Esc" ? "Escape" : k).filter(k => ![...document.querySelectorAll("[data-key]")].some(e => e.dataset.key.toLowerCase() === k.toLowerCase())).join(", ")`)
		if missing != "" {
			b.t.Errorf("%s promises keys that do nothing: %s", path, missing)
		}
	}
}

// looks are how pictures are taken.
type look struct {
	name, scheme  string
	width, height int64
}

func looks() []look {
	return []look{{"dark", "dark", 1440, 900}, {"phone", "light", 390, 844}, {"phone-dark", "dark", 390, 844}, {"light", "light", 1440, 900}}
}

// shot leaves pictures of the page that is open in the folder that WARDLINE_SHOTS names, for a person to look at.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("WARDLINE_SHOTS")
	if dir == "" {
		return
	}
	for _, l := range looks() {
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
			b.t.Fatal(err)
		}
		view := []chromedp.EmulateViewportOption{}
		if l.width < 500 {
			view = append(view, chromedp.EmulateMobile)
		}
		b.do(chromedp.EmulateViewport(l.width, l.height, view...))
		b.picture(filepath.Join(dir, "real-"+name+"-"+l.name+".png"))
	}
}

func (b *tab) picture(file string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// shots takes pictures of the pages that the walk did not come to, and of one as it is printed.
func (b *tab) shots() {
	b.t.Helper()
	dir := os.Getenv("WARDLINE_SHOTS")
	if dir == "" {
		return
	}
	for name, path := range map[string]string{
		"today": "/", "findings": "/findings", "search": "/search", "sources": "/sources", "add": "/sources/add", "rules": "/rules", "rules-refused": "/rules?view=refused",
		"rule": "/rules/5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad001", "journal": "/journal", "people": "/people", "trail": "/trail", "keys": "/keys", "nothing": "/nothing", "settled": "/findings?view=settled",
	} {
		b.open(path)
		b.shot(name)
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(794, 1123))
	for name, path := range map[string]string{"finding-print": "/findings", "proof-print": "/journal/0/0"} {
		b.open(path)
		b.picture(filepath.Join(dir, "real-"+name+".png"))
	}
}
