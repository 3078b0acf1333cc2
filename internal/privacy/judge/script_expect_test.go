package judge_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/privacy/judge"
)

func (s *script) reason(a *args) {
	text := a.next("id") + " " + decibans(a, a.next("weight"))
	if len(a.words) > 0 {
		text += " " + a.next("correction")
	}
	s.reasons = append(s.reasons, text)
}

func (s *script) flag(a *args) {
	hard := a.has("hard")
	text, weight := a.next("id"), decibans(a, a.next("weight"))
	counted := weight
	if len(a.words) > 0 {
		counted = decibans(a, a.next("counted"))
	}
	s.flags = append(s.flags, fmt.Sprintf("%s %s counts %s hard=%t", text, weight, counted, hard))
}

func (s *script) try(a *args) {
	s.tried = append(s.tried, a.next("id")+" "+a.next("why"))
}

func decibans(a *args, word string) string {
	f, err := strconv.ParseFloat(word, 64)
	a.err = errors.Join(a.err, err)
	return two(f)
}

// two rounds to hundredths, as people who work it out by hand do.
func two(f float64) string {
	return strconv.FormatFloat(math.Round(f*100)/100+0, 'f', 2, 64)
}

func (s *script) verdict(a *args) {
	want := a.next("explained or unexplained") + " " + decibans(a, a.next("score"))
	before := *s.touch
	v := s.judge.Verdict(s.touch, s.h, &s.k, time.Time{})
	if s.touch.First != before.First || s.touch.Counts != before.Counts {
		s.failf("%s: the judge changed the touch", s.where())
	}
	got := "unexplained "
	if v.Explained {
		got = "explained "
	}
	s.same("verdict", []string{got + two(v.Score)}, []string{want})
	var reasons, flags []string
	for _, r := range v.Reasons {
		reasons = append(reasons, strings.TrimSpace(r.Template+" "+two(r.Weight)+" "+r.Correction))
	}
	for _, f := range v.Flags {
		flags = append(flags, fmt.Sprintf("%s %s counts %s hard=%t", f.ID, two(f.Weight), two(f.Counted), f.Hard))
	}
	s.same("reasons", reasons, s.reasons)
	s.same("flags", flags, s.flags)
	for _, want := range s.tried {
		if !slices.ContainsFunc(v.Tried, func(d judge.Tried) bool { return d.Template+" "+d.Why == want }) {
			s.failf("%s: not tried: %s; tried: %v", s.where(), want, v.Tried)
		}
	}
	s.sentences(&v)
	s.hard(&v)
	if len(s.said) > 0 {
		text := s.judge.Text(&judge.Telling{Touches: []judge.Judged{{Touch: s.touch, Verdict: &v}}}, s.h, time.UTC)
		for _, expect := range s.said {
			expect(text)
		}
		s.said = nil
	}
	s.touch, s.reasons, s.flags, s.tried = nil, nil, nil, nil
	s.touches++
}

func (s *script) headline(a *args) {
	want := a.next("words")
	s.said = append(s.said, func(t judge.Text) { s.same("headline", []string{t.Headline}, []string{want}) })
}

func (s *script) says(a *args) {
	want := a.next("words")
	s.said = append(s.said, func(t judge.Text) {
		if !slices.ContainsFunc(t.Paragraphs, func(p string) bool { return strings.Contains(p, want) }) {
			s.failf("%s: not said: %s\n\tsaid: %s", s.where(), want, strings.Join(t.Paragraphs, "\n\t"))
		}
	})
}

func (s *script) found(a *args) {
	want := a.next("words")
	s.said = append(s.said, func(t judge.Text) {
		var all []string
		for _, k := range t.Tried {
			all = append(all, k.Kind+" "+k.Result+" "+k.Found)
		}
		if !slices.Contains(all, want) {
			s.failf("%s: not found: %s\n\tfound: %s", s.where(), want, strings.Join(all, "\n\t"))
		}
	})
}

// hard holds the quick look at hard flags against the whole verdict.
func (s *script) hard(v *judge.Verdict) {
	var quick, whole []string
	for _, f := range s.judge.HardFlags(s.touch, s.h, &s.k, time.Time{}) {
		quick = append(quick, f.ID)
	}
	for _, f := range v.Flags {
		if f.Hard {
			whole = append(whole, f.ID)
		}
	}
	s.same("hard flags at once", quick, whole)
}

// sentences makes sure that everything found can be said.
func (s *script) sentences(v *judge.Verdict) {
	var all []string
	for i := range v.Reasons {
		all = append(all, s.judge.SayReason(&v.Reasons[i]))
	}
	for i := range v.Tried {
		all = append(all, s.judge.SayTried(&v.Tried[i], s.touch.First, time.UTC))
	}
	for i := range v.Flags {
		all = append(all, s.judge.SayFlag(&v.Flags[i]))
	}
	for _, sentence := range all {
		if sentence == "" || strings.ContainsAny(sentence, "{}") {
			s.failf("%s: no sentence: %q", s.where(), sentence)
		}
	}
}

func (s *script) failf(format string, args ...any) {
	if s.broken != nil {
		s.broken(s.file + ": " + s.name)
		return
	}
	s.t.Errorf(format, args...)
}

func (s *script) where() string { return fmt.Sprintf("%s:%d: %s", s.file, s.line, s.name) }

func (s *script) same(what string, got, want []string) {
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.failf("%s: %s\n\tgot  %s\n\twant %s", s.where(), what, strings.Join(got, "; "), strings.Join(want, "; "))
	}
}
