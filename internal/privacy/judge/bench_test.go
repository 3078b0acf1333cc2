package judge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/vault"
)

// BenchmarkVerdict judges touches of a patient with 30 relations and 3 visits: one that is explained, and one that is not.
func BenchmarkVerdict(b *testing.B) {
	v, err := vault.Passing()
	if err != nil {
		b.Fatal(err)
	}
	var story strings.Builder
	story.WriteString(`case a patient with a past
unit 4W dept=MED service=IM
unit 5N dept=SURG
person nora nursing dept=MED unit=4W family=Lund given=Eva street="Elm Street 12" city=Alder postcode=100 east=100 north=100
person eva nursing dept=SURG unit=5N family=Dahl given=Mia street="Oak Road 9" city=Alder postcode=200 east=900 north=900
shift nora -5h +7h unit=4W
shift eva -5h +7h unit=5N
patient ann family=Berg given=Ann street="Elm Street 80" city=Alder postcode=100 east=500 north=100
visit ann -300d -295d class=I unit=4W service=IM diagnosis=I21
visit ann -90d -89d class=E unit=ED diagnosis=J18
visit ann -2d class=I unit=4W service=IM diagnosis=I21
`)
	kinds := []string{"order", "result", "document", "medication", "prescription", "specimen"}
	for i := range 30 {
		fmt.Fprintf(&story, "person doc%d physician dept=MED\nrelation %s ann doc%d -%dh by=doc%d\n", i, kinds[i%len(kinds)], i, 2+i, i)
	}
	story.WriteString("touch nora ann\n")
	s := &script{judge: loaded(b), vault: v}
	for i, line := range strings.Split(story.String(), "\n") {
		s.line = i
		a, verb, err := split(line)
		if err == nil && verb != "" {
			err = s.statement(verb, a)
		}
		if err != nil {
			b.Fatal(i, err)
		}
	}
	explained := *s.touch
	unexplained := explained
	unexplained.User, unexplained.Staff = s.h.Ref("eva"), s.staff("eva")
	for name, touch := range map[string]*judge.Touch{"explained": &explained, "unexplained": &unexplained} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := s.judge.Verdict(touch, s.h, &s.k, time.Time{}); v.Explained != (name == "explained") {
					b.Fatal(v)
				}
			}
		})
	}
}
