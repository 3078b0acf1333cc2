package judge_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// looks makes touches on several days, by several people, on several records: each is "person patient day".
func looks(s *script, rows ...string) []judge.Judged {
	var all []judge.Judged
	for _, row := range rows {
		var user, patient string
		var days int
		fmt.Sscan(row, &user, &patient, &days)
		t := *s.touch
		t.User, t.Staff = s.h.Ref(user), s.staff(user)
		t.Patient, _ = s.h.Find(number(patient))
		t.First, t.Last, t.Day = noon.AddDate(0, 0, days), noon.AddDate(0, 0, days), dayOf(noon)+int32(days)
		v := s.judge.Verdict(&t, s.h, &s.k, time.Time{})
		all = append(all, judge.Judged{Touch: &t, Verdict: &v})
	}
	return all
}

// flagged has nothing but a flag speak for a closer look.
func flagged(all []judge.Judged, f judge.Flag) []judge.Judged {
	all[0].Verdict.Flags = []judge.Flag{f}
	return all
}

func TestCasesAreToldInSentences(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	s := tell(t, loaded(t), `case a ward
person eva nursing family=Lund given=Eva street="Elm Street 12" city=Alder postcode=100
person mia physician
person ida office
patient ann family=Berg given=Ann street="Elm Street 20" city=Alder postcode=100
patient bob family=Dahl given=Bob
visit ann -90d -89d
visit bob -90d -89d
touch eva ann`)
	for _, c := range []struct {
		name, want, says string
		c                judge.Telling
	}{
		{
			"several days", "We found no reason for openings of a neighbour's chart on three days",
			"A nurse opened this chart on three days between 10 March and 14 March.",
			judge.Telling{Touches: looks(s, "eva ann 4", "eva ann 0", "eva ann 2")},
		},
		{
			"several charts", "We found no reason for openings of two charts", "A nurse opened two charts on Tuesday 10 March.",
			judge.Telling{Touches: looks(s, "eva ann 0", "eva bob 0")},
		},
		{
			"several people", "Three people opened a neighbour's chart, and we found no reason", "Three people opened this chart on Tuesday 10 March.",
			judge.Telling{Touches: looks(s, "eva ann 0", "mia ann 0", "ida ann 0")},
		},
		{
			"several people and charts", "Two accounts opened two charts alike, and we found no reason", "Two people opened two charts on two days between 10 March and 11 March.",
			judge.Telling{Touches: looks(s, "eva ann 0", "mia bob 1")},
		},
		{
			"a reason that came later", "We found no reason for an opening of a neighbour's chart", "A reason arrived on Friday 13 March, after the case was opened.",
			judge.Telling{Touches: looks(s, "eva ann 0"), Arrived: noon.AddDate(0, 0, 3)},
		},
		{
			"much that was copied", "Records were printed or exported 40 times in one day", "",
			judge.Telling{Account: true, Touches: flagged(looks(s, "eva ann 0"), judge.Flag{ID: "F22", Weight: 20, Facts: map[string]string{"what": "Exported", "copies": "40"}})},
		},
		{
			"one record that was copied", "We found no reason for an opening of a patient's chart", "",
			judge.Telling{Account: true, Touches: flagged(looks(s, "eva ann 0"), judge.Flag{ID: "F22", Weight: 6, Facts: map[string]string{"what": "Exported"}})},
		},
		{"nothing", "This case holds no accesses", "", judge.Telling{}},
	} {
		text := s.judge.Text(&c.c, s.h, zone)
		if text.Headline != c.want {
			t.Errorf("%s: headline %q, want %q", c.name, text.Headline, c.want)
		}
		if got := strings.Join(text.Paragraphs, " "); !strings.Contains(got, c.says) {
			t.Errorf("%s: %q is not said in %q", c.name, c.says, got)
		}
	}
	// Times are those of the house: noon in UTC is one o'clock in Oslo.
	one := judge.Telling{Touches: looks(s, "eva ann 0")}
	if got := s.judge.Text(&one, s.h, zone).Paragraphs[0]; !strings.Contains(got, "first at 13:00") {
		t.Errorf("got %q", got)
	}
}

func TestWhatWeighsIsShownWithoutATotal(t *testing.T) {
	s := tell(t, loaded(t), `case a nurse who gave a medicine on her ward, and lives near
person nora nursing unit=4W family=Lund given=Eva street="Elm Street 12" city=Alder postcode=100
person doc physician
shift nora -5h +7h unit=4W
patient ann family=Berg given=Ann street="Elm Street 20" city=Alder postcode=100
visit ann -2d class=I unit=4W
relation order ann doc -1h
relation medication ann nora -1h -1h made=-1h
touch nora ann`)
	text := s.judge.Text(&judge.Telling{Touches: looks(s, "nora ann 0")}, s.h, nil)
	want := []judge.Weighs{{ID: "E07", Label: "Medicine given", Decibans: -13}, {ID: "E09", Label: "On the ward, on duty", Decibans: -2.75}, {ID: "F06", Label: "Neighbour", Decibans: 12}}
	if d := cmp.Diff(want, text.Weighs); d != "" {
		t.Error(d)
	}
	kinds := 0
	for _, k := range text.Tried {
		kinds += k.Count
	}
	if len(text.Tried) != 5 || kinds != 32 {
		t.Errorf("%d kinds of reasons hold %d", len(text.Tried), kinds)
	}
}

func TestSecondReasonAndUnexplainedAreNamed(t *testing.T) {
	s := tell(t, loaded(t), `case nothing
person eva nursing
patient ann vip
visit ann -90d -89d
touch eva ann`)
	text := s.judge.Text(&judge.Telling{Touches: looks(s, "eva ann 0")}, s.h, nil)
	want := []judge.Weighs{{Label: "No reason found", Decibans: 15}, {ID: "F07", Label: "Protected person", Decibans: 28}}
	if d := cmp.Diff(want, text.Weighs); d != "" {
		t.Error(d)
	}
}

// TestScoresAsProbabilities are the worked ones.
func TestScoresAsProbabilities(t *testing.T) {
	for score, want := range map[float64]float64{-9: 0.11, -2: 0.39, -6: 0.20, -22: 0.006, -10: 1 / 11.0, 0: 0.5} {
		if got := judge.Probability(score); math.Abs(got-want) > 0.005 {
			t.Errorf("%v decibans: got %.3f, want %.3f", score, got, want)
		}
	}
}

// TestSentencesNameNobody: what is said of a case holds neither a number nor a name of patient or person.
func TestSentencesNameNobody(t *testing.T) {
	s := tell(t, loaded(t), `case everything at once
person evalund nursing dept=MED unit=4W family=Lundqvist given=Evalotte national=8002031234 street="Elm Street 12" city=Alderton postcode=10077 phone=555-0101 kin=Bergstrand/Annika
person cole nursing dept=MED family=Bergstrand given=Annika born=1970-01-01 national=7001011234
patient ann family=Bergstrand given=Annika born=1970-01-01 national=7001011234 street="Elm Street 14" city=Alderton postcode=10077 phone=555-0109 vip
visit ann -90d -89d number=V77123
relation document ann evalund +1h by=evalund made=+1h key=D8812
known others=4 prints=99 prints-top=3
touch evalund ann open=1 print=2`)
	text := s.judge.Text(&judge.Telling{Touches: looks(s, "evalund ann 0")}, s.h, nil)
	all := strings.ToLower(fmt.Sprint(text))
	for _, secret := range []string{"evalund", "lundqvist", "evalotte", "bergstrand", "annika", "elm", "alderton", "10077", "0101", "0109", "m-ann", "n-", "v77123", "d8812", "800203", "700101"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is named in %s", secret, all)
		}
	}
	if s.h.Ref("4W") == 0 || hospital.Ref(0) == s.h.Ref("evalund") {
		t.Error("the story was not heard")
	}
}
