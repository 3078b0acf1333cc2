package report_test

import (
	"os"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/display/displaytest"
)

// WCAG 2.2: 1.4.3 asks 4.5:1 of text, 1.4.11 asks 3:1 of shapes that carry meaning.
func TestContrastInBothSchemes(t *testing.T) {
	css, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, ok := strings.Cut(string(css), "@media screen and (prefers-color-scheme:dark){")
	dark, _, ok2 := strings.Cut(rest, "@media")
	if !ok || !ok2 {
		t.Fatal("the style sheet has no dark scheme")
	}
	for name, scheme := range map[string]string{"light": light, "dark": dark} {
		c := displaytest.Colours(scheme)
		check := func(fore, back string, least float64) {
			a, b := c[fore], c[back]
			if a == nil || b == nil {
				t.Fatalf("%s: --%s or --%s has no colour", name, fore, back)
			}
			if got := displaytest.Contrast(*a, *b); got < least {
				t.Errorf("%s: --%s on --%s has %.2f:1, want %.1f:1", name, fore, back, got, least)
			}
		}
		for _, back := range []string{"paper", "panel", "sunk", "pick", "dim-s"} {
			for _, fore := range []string{"ink", "ink2", "ink3", "link"} {
				check(fore, back, 4.5)
			}
		}
		for _, s := range []string{"act", "look", "watch", "ok", "dim"} {
			for _, back := range []string{"paper", "panel", "sunk", s + "-s"} {
				check(s, back, 4.5)
				check(s+"-x", back, 2.9) // the shape's word beside it carries the meaning too
			}
			check("ink", s+"-s", 4.5)
		}
		check("btn-ink", "btn", 4.5)
		check("focus", "paper", 3)
		check("focus", "panel", 3)
	}
}
