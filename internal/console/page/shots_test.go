package page_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/wardline/wardline/internal/console/page"
)

// TestShots draws every page with invented matter in a real browser and leaves pictures in the folder that
// WARDLINE_SHOTS names, for a person to look at.
func TestShots(t *testing.T) {
	dir := os.Getenv("WARDLINE_SHOTS")
	if dir == "" {
		t.Skip("WARDLINE_SHOTS names no folder for pictures")
	}
	only := os.Getenv("WARDLINE_SHOTS_ONLY")
	printer, err := page.New()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gallery(t, printer))
	defer srv.Close()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	for name := range samples() {
		if only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		for _, look := range []struct {
			name, scheme  string
			width, height int64
			mobile        bool
		}{{"light", "light", 1440, 900, false}, {"dark", "dark", 1440, 900, false}, {"phone", "light", 390, 844, true}, {"phone-dark", "dark", 390, 844, true}} {
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}},
			}); err != nil {
				t.Fatal(err)
			}
			view := []chromedp.EmulateViewportOption{}
			if look.mobile {
				view = append(view, chromedp.EmulateMobile)
			}
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(look.width, look.height, view...), chromedp.Navigate(srv.URL+"/"+name)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+"-"+look.name+".png"), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestNothingIsCutOffOnSmallScreens draws every page 320 pixels wide, as WCAG 2.2 1.4.10 asks, and looks for what sticks out,
// and for what is smaller than a finger: WCAG 2.2 2.5.8 asks for 24 pixels.
func TestNothingIsCutOffOnSmallScreens(t *testing.T) {
	found, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium was found, and CI asks for all tests")
		}
		t.Skip("no Chromium was found")
	}
	srv := httptest.NewServer(gallery(t, printer(t)))
	defer srv.Close()
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox)...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	for name := range samples() {
		for _, width := range []int64{320, 720, 1440} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(srv.URL+"/"+name+"#finding")); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
			if err != nil {
				t.Fatal(err)
			}
			if wide > width {
				what, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("main *, nav *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).map(e => e.tagName + "." + e.getAttribute("class")).slice(0, 5).join(" ")`))
				t.Errorf("%s is %d wide on a screen of %d: %s", name, wide, width, what)
			}
			small, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".seal, .back, .filters a, .row, .tabs a, .rail li a, button, input, select, summary")].filter(e => e.checkVisibility() && !/hidden|radio|checkbox/.test(e.type)).filter(e => { const r = e.getBoundingClientRect(); return r.height > 0 && r.height < 23.5 }).map(e => e.outerHTML.slice(0, 80)).join("\n")`))
			if err != nil {
				t.Fatal(err)
			}
			if small != "" {
				t.Errorf("%s at %d: hard to hit:\n%s", name, width, small)
			}
		}
	}
}

func gallery(t *testing.T, printer *page.Printer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{file}", func(w http.ResponseWriter, r *http.Request) {
		f, ok := printer.File(r.PathValue("file"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", f.Type)
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Write(f.Body)
	})
	for name, s := range samples() {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			if err := printer.Print(&b, s.page, s.view); err != nil {
				t.Error(err)
				fmt.Fprintln(w, err)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
			w.Write(b.Bytes())
		})
	}
	return mux
}
