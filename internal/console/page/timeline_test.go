package page_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/console/page"
)

func TestADayIsDrawnFromLeftToRight(t *testing.T) {
	d := page.Day("a day", at15(6, 0), at15(20, 0), time.UTC, false,
		page.LaneOf{Name: "Planned shift", Planned: true, Stretches: []page.Stretch{{From: at15(8, 0), To: at15(16, 30)}, {From: at15(20, 30), To: at15(21, 0)}}},
		page.LaneOf{Name: "Others", Dots: []time.Time{at15(6, 0), at15(13, 0), at15(22, 0)}},
		page.LaneOf{Name: "This chart", Strong: true, Moments: []page.Moment{{At: at15(19, 50), Text: "19:50"}, {At: at15(8, 52), Text: "08:52"}, {At: at15(8, 55), Text: "08:55"}}},
		page.LaneOf{Name: "The patient", Nothing: "no visit"},
	)
	got := []string{
		fmt.Sprint(len(d.Hours), d.Hours[0].Text, d.Hours[7].Text, d.Hours[7].Anchor), fmt.Sprint(d.Lanes[0].Bars), fmt.Sprint(d.Lanes[1].Dots),
		fmt.Sprint(d.Lanes[2].Marks[0].Text, d.Lanes[2].Marks[0].Anchor, "|", d.Lanes[2].Marks[1].Text, "|", d.Lanes[2].Marks[2].Text, d.Lanes[2].Marks[2].Anchor), d.Lanes[3].Empty.Text, fmt.Sprint(d.Legend, d.Width, d.Height),
	}
	want := []string{
		"8 06:00 20:00 end", "[{188.6 32.0 257.4 14 }]", "[{128.0 69.0} {340.0 69.0}]",
		"08:52 end | 08:55 | 19:50 end", "no visit", "true 560 149",
	}
	for i := range want {
		if strings.Join(strings.Fields(got[i]), "") != strings.Join(strings.Fields(want[i]), "") {
			t.Errorf("%d: got %q, want %q", i, got[i], want[i])
		}
	}
	if page.Day("none", at15(8, 0), at15(8, 0), time.UTC, false, page.LaneOf{}) != nil || page.Day("none", at15(8, 0), at15(9, 0), time.UTC, false) != nil {
		t.Error("nothing is drawn")
	}
}

func TestWhatWeighsHasTwoSidesAndNoSum(t *testing.T) {
	w := page.Weighed([]page.Weigh{{Text: "same department", By: 30}, {Text: "usual desk", By: -10}})
	if got := fmt.Sprint(w.Zero, w.Rows); got != "67.0[{same department 67.0 189.0 look} {usual desk 4.0 63.0 ok}]" {
		t.Error(got)
	}
	if w.Title != "What asks for a closer look: same department. What speaks for a reason: usual desk." {
		t.Error(w.Title)
	}
	if page.Weighed(nil) != nil {
		t.Error("nothing weighs")
	}
}

func TestAnEstimateHasARange(t *testing.T) {
	label := func(v float64) string { return fmt.Sprintf("%g", v) }
	d := page.Between(0.1, 4.2, 23, "about 4", label)
	if got := fmt.Sprint(d.Bar, d.At, d.Axis[4].Text, d.Words[0].Text, d.Words[0].Anchor); got != "{21.5 32 343.5 16 }83.040best guess: 4.2start" {
		t.Error(got)
	}
	for _, wrong := range [][3]float64{{0, 0, 0}, {5, 4, 6}, {1, 7, 6}} {
		if page.Between(wrong[0], wrong[1], wrong[2], "", label) != nil {
			t.Errorf("%v is drawn", wrong)
		}
	}
	for _, most := range [][2]float64{{0.00023, 0.0004}, {1, 1}, {1.01, 2}, {4.1, 5}, {81, 100}, {100, 100}, {6, 8}} {
		if d := page.Between(0, most[0], most[0], "", label); d.Axis[4].Text != label(most[1]) {
			t.Errorf("%v ends at %s", most[0], d.Axis[4].Text)
		}
	}
}

// TestWordsLieOverNothing draws marks at any distance, and looks whether a word lies over another word or over a mark.
func TestWordsLieOverNothing(t *testing.T) {
	for _, apart := range []int{0, 1, 5, 20, 40, 60, 90, 200} {
		var all []page.Moment
		for i := range 12 {
			at := at15(6, 0).Add(time.Duration(i*apart+i%3) * time.Minute)
			all = append(all, page.Moment{At: at, Text: at.Format("15:04")})
		}
		marks := page.Day("a day", at15(6, 0), at15(20, 0), time.UTC, false, page.LaneOf{Moments: all}).Lanes[0].Marks
		type span struct{ from, to float64 }
		var words []span
		for _, m := range marks {
			var x float64
			if _, err := fmt.Sscan(m.TextX, &x); err == nil && m.Anchor == "start" {
				words = append(words, span{x, x + 34})
			} else if err == nil {
				words = append(words, span{x - 34, x})
			}
		}
		if len(words) == 0 && apart != 90 { // there a mark stands in each place of a word
			t.Errorf("%d minutes apart: no word", apart)
		}
		for i, w := range words {
			if i > 0 && w.from < words[i-1].to {
				t.Errorf("%d minutes apart: a word at %.0f lies over the one before", apart, w.from)
			}
			for _, m := range marks {
				var x float64
				if _, err := fmt.Sscan(m.X, &x); err != nil || x+8 > w.from && x-8 < w.to {
					t.Errorf("%d minutes apart: a word at %.0f lies over the mark at %.0f", apart, w.from, x)
				}
			}
		}
	}
}
