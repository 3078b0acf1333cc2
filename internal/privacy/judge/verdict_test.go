package judge_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/vault"
)

// tell runs the lines of a story up to its touch, which is left to be judged.
func tell(t testing.TB, j *judge.Judge, story string) *script {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	s := &script{judge: j, vault: v}
	for i, line := range strings.Split(story, "\n") {
		s.line = i
		a, verb, err := split(line)
		if err == nil && verb != "" {
			err = s.statement(verb, a)
		}
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	return s
}

// TestAVerdictOfThePastCanBeMadeAgain: what was entered later is left out.
func TestAVerdictOfThePastCanBeMadeAgain(t *testing.T) {
	s := tell(t, loaded(t), `case an order that another doctor enters two days later, and cancels ten days later
person doc physician
person boss physician
patient ann
visit ann -90d -89d
relation order ann doc +1h by=boss made=+2d key=K1
touch doc ann`)
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{noon.AddDate(0, 0, 1), false}, {noon.AddDate(0, 0, 2), true}, {time.Time{}, true}} {
		if got := s.judge.Verdict(s.touch, s.h, &s.k, c.at).Explained; got != c.want {
			t.Errorf("at %v: explained is %t, want %t", c.at, got, c.want)
		}
	}
}

// TestACancellationCountsFromWhenItWasHeardOf: before that nobody could know.
func TestACancellationCountsFromWhenItWasHeardOf(t *testing.T) {
	s := tell(t, loaded(t), `case an order that is cancelled ten hours later, and a note that another signs two days later
person doc physician
person chief physician
patient ann
visit ann -90d -89d
relation order ann doc -2d key=K1
cancel order ann K1 +10h
relation document ann doc +10m by=doc made=+10m key=K2
act document ann K2 +2d by=chief
touch doc ann`)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{noon.Add(9 * time.Hour), "E03 -13.00 ; E06 -3.25 self-made"},
		{noon.Add(11 * time.Hour), "E06 -3.25 self-made"},
		{noon.AddDate(0, 0, 3), "E06 -6.50 taken-up"},
	} {
		var got []string
		for _, r := range s.judge.Verdict(s.touch, s.h, &s.k, c.at).Reasons {
			got = append(got, r.Template+" "+two(r.Weight)+" "+r.Correction)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("at %v: got %q, want %q", c.at, got, c.want)
		}
	}
}

// TestWhatASiteAgreedOnIsAReason: a group of people and a group of patients, once it is live.
func TestWhatASiteAgreedOnIsAReason(t *testing.T) {
	shipped := loaded(t)
	s := tell(t, shipped, `case the tumour board
person doc physician dept=RADONC
patient ann
patient bob
visit ann -20d -7d service=ONC
visit bob -20d -7d service=CARD
touch doc ann`)
	agreed := judge.SiteReason{Template: "S001", Fact: "the tumour board looks at patients of oncology", Department: s.h.Ref("RADONC"), Service: s.h.Ref("ONC"), Live: true}
	with := func(p judge.SiteReason) *judge.Judge {
		return shipped.With(judge.Site{Reasons: []judge.SiteReason{p}})
	}
	bob, _ := s.h.Find(number("bob"))
	idle, other, narrow := agreed, agreed, agreed
	idle.Live, other.Department, narrow.Job = false, s.h.Intern("SURG"), s.h.Intern("chief")
	for _, c := range []struct {
		name    string
		judge   *judge.Judge
		patient hospital.PatientID
		after   time.Duration
		want    bool
	}{
		{"nothing agreed", shipped, s.touch.Patient, 0, false},
		{"agreed", with(agreed), s.touch.Patient, 0, true},
		{"a minute too late", with(agreed), s.touch.Patient, time.Minute, false},
		{"another service", with(agreed), bob, 0, false},
		{"another department", with(other), s.touch.Patient, 0, false},
		{"another job", with(narrow), s.touch.Patient, 0, false},
		{"not live", with(idle), s.touch.Patient, 0, false},
	} {
		touch := *s.touch
		touch.Patient, touch.First, touch.Last = c.patient, touch.First.Add(c.after), touch.Last.Add(c.after)
		v := c.judge.Verdict(&touch, s.h, &s.k, time.Time{})
		if v.Explained != c.want {
			t.Errorf("%s: explained is %t, want %t", c.name, v.Explained, c.want)
		}
		if c.want && (v.Score != -57 || !strings.Contains(c.judge.SayReason(&v.Reasons[0]), agreed.Fact)) {
			t.Errorf("%s: score %v, %q", c.name, v.Score, c.judge.SayReason(&v.Reasons[0]))
		}
	}
}

// TestOnlyAReasonOfItsOwnIsHandedOn: neither one that was inherited, nor one that was made for the touch, nor a machine's.
func TestOnlyAReasonOfItsOwnIsHandedOn(t *testing.T) {
	j := loaded(t)
	for _, c := range []struct{ story, want string }{
		{"visit ann -2d number=V1\nrelation provider ann doc -2d\nknown pair=E01/-13/1\ntouch doc ann", "E01"},
		{"known pair=E01/-13/1\nrelation document ann doc +1h made=+1h\ntouch doc ann", ""},
		{"touch doc ann automatic", ""},
		{"touch doc ann listed=1", ""},
		{"touch doc ann", ""},
	} {
		s := tell(t, j, "case x\nperson doc physician\npatient ann\n"+c.story)
		v := j.Verdict(s.touch, s.h, &s.k, time.Time{})
		got := ""
		if r := j.Heritable(&v); r != nil {
			got = r.Template
		}
		if got != c.want {
			t.Errorf("%s: %q is handed on, want %q", c.story, got, c.want)
		}
	}
}

// TestLimitsOfTheSite: what counts as a bulk export is the site's to say.
func TestLimitsOfTheSite(t *testing.T) {
	s := tell(t, loaded(t).With(judge.Site{Export: 500, Images: 40}), `case a report
person ana it
patient ann
known exported=500 images=40
touch ana none`)
	if got := s.judge.HardFlags(s.touch, s.h, &s.k, time.Time{}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	s.k.Work.Exported = 501
	if got := s.judge.HardFlags(s.touch, s.h, &s.k, time.Time{}); len(got) != 1 || got[0].ID != "F20" {
		t.Errorf("got %v, want F20", got)
	}
}

// TestEverybodyIsJudgedTheSame: a Judge serves several goroutines, each with a house of its own, and remembers nothing.
func TestEverybodyIsJudgedTheSame(t *testing.T) {
	j := loaded(t)
	stories := []string{`case explained
person doc physician
patient ann
visit ann -2d number=V1
relation provider ann doc -2d
touch doc ann`, `case not explained
person eva nursing
patient ann vip
touch eva ann`}
	var want [2]judge.Verdict
	for i, story := range stories {
		s := tell(t, j, story)
		want[i] = j.Verdict(s.touch, s.h, &s.k, time.Time{})
	}
	var wg sync.WaitGroup
	for n := range 8 {
		s := tell(t, j, stories[n%2])
		wg.Go(func() {
			for range 200 {
				got := j.Verdict(s.touch, s.h, &s.k, time.Time{})
				if d := cmp.Diff(want[n%2], got, cmpopts.IgnoreFields(hospital.Edge{}, "Key", "Who", "By")); d != "" {
					t.Error(d)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestVerdictsHoldWhatTheyPromise draws relations and flags at random.
func TestVerdictsHoldWhatTheyPromise(t *testing.T) {
	j := loaded(t)
	kinds := []string{"provider", "appointment", "order", "result", "copy", "document", "medication", "careteam", "procedure", "imaging",
		"specimen", "prescription", "registration", "account", "trigger", "message", "consult", "ticket", "page"}
	rapid.Check(t, func(r *rapid.T) {
		facts := []string{}
		for i := range rapid.IntRange(0, 12).Draw(r, "relations") {
			at := rapid.IntRange(-60*60, 60*60).Draw(r, "minutes from the touch")
			facts = append(facts, fmt.Sprintf("relation %s ann %s %dm by=%s made=%dm key=K%d", rapid.SampledFrom(kinds).Draw(r, "kind"),
				rapid.SampledFrom([]string{"doc", "nora", "unit:4W", "nobody"}).Draw(r, "who"), at, rapid.SampledFrom([]string{"doc", "nora", ""}).Draw(r, "by"), at, i))
		}
		story := func(facts []string) judge.Verdict {
			s := tell(t, j, "case x\nperson doc physician\nperson nora nursing unit=4W\nshift nora -5h +7h unit=4W\npatient ann\n"+strings.Join(facts, "\n")+"\ntouch nora ann open=1 looked=5s")
			return s.judge.Verdict(s.touch, s.h, &s.k, time.Time{})
		}
		v := story(facts)
		sum := -49.0
		for _, f := range v.Flags {
			sum += f.Counted
			if f.Counted < 0 || f.Counted > f.Weight || f.Weight < 0 {
				r.Fatalf("flag %+v", f)
			}
		}
		switch {
		case !v.Explained:
			sum += 15
		case len(v.Reasons) == 0 || v.Reasons[0].Weight > -2 || v.Reasons[0].Correction == judge.SelfMade || v.Reasons[0].Correction == judge.Fresh:
			r.Fatalf("explained by %+v", v.Reasons)
		default:
			sum += v.Reasons[0].Weight
		}
		// The second reason takes at most a quarter of 13 off.
		if v.Score > sum+1e-9 || v.Score < sum-13.0/4-1e-9 {
			r.Fatalf("score %v, want about %v", v.Score, sum)
		}
		if v.Explained == (len(v.Tried) > 0) {
			r.Fatalf("explained %t, and tried %d", v.Explained, len(v.Tried))
		}
		// The order in which facts were heard means nothing.
		again := story(rapid.Permutation(facts).Draw(r, "order"))
		if v.Explained != again.Explained || v.Score != again.Score {
			r.Fatalf("in another order: %v and %v", v, again)
		}
		// Nor does what concerns neither of the two take a reason away.
		more := story(append(slices.Clone(facts), "relation order ann doc -100d by=doc made=-100d key=K99"))
		if v.Explained && !more.Explained {
			r.Fatal("another's order took a reason away")
		}
	})
}
