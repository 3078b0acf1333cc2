package privacy

import (
	"time"

	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// Config says how a room judges. What is zero has the default that stands beside it.
type Config struct {
	Zone *time.Location // whose days count: UTC
	// Settle is how long a touch waits for its reasons: 22 h, so that a case is opened within a day; Final how long one without a
	// reason goes on being asked: 7 days. Glance is how long one waits of somebody whom the patient concerns in private: 1 h. What is
	// found then is uncertain, and has to be worse by Doubt, in decibans: 6.
	Settle, Final, Glance time.Duration
	Doubt                 float64
	// Beds and CasesPer1000 make the number of cases a day: 10 per 1,000 beds; CasesPerDay sets it outright.
	Beds, CasesPer1000, CasesPerDay int
	// Threshold is the score below which a case is not opened: that of content/privacy/score.yml.
	Threshold float64
	// Explore and Audit are the shares of the queue for what is rarely seen and for what is explained: 0.1 each.
	Explore, Audit float64
	// Quiet is how long the same account and patient make no further case after it was explained: 90 days.
	Quiet time.Duration
	// Fall is by how many points the explained share of a department falls when a feed is broken: 5.
	Fall float64
	// Export and Images are the site's limits of patients in one report and of studies moved in an hour: 100 and 20.
	Export, Images int
	// Accounts is how many are told apart in the days that are open: 200,000. Some kilobytes are kept of each, so accesses of more, which somebody makes up, are counted and
	// not judged.
	Accounts int
	// Keep is how long touches and what was thought of them are kept: 24 months. Who saw a chart is answered for as long.
	Keep time.Duration
	// Learn is how often groups and diagnoses are learned anew: 7 days. Own is after how long the site's own rates
	// count: 14 days.
	Learn, Own time.Duration
	// Secret seeds what must not be foreseen: the random audit, and the order of near equals. It must stay the same.
	Secret []byte
	// Drugs are the rules by which theft of drugs is looked for; nil looks for none.
	Drugs *diversion.Rules
	// Judged is told of each judgement, also of those that take the place of an earlier one; nil tells nobody. It
	// keeps nothing of what it is given.
	Judged func(*judge.Touch, *judge.Verdict, *judge.Known)
}

func (c Config) complete() Config {
	orDuration := func(d *time.Duration, other time.Duration) {
		if *d <= 0 {
			*d = other
		}
	}
	orInt := func(n *int, other int) {
		if *n <= 0 {
			*n = other
		}
	}
	orFloat := func(f *float64, other float64) {
		if *f == 0 {
			*f = other
		}
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	const day = 24 * time.Hour
	orDuration(&c.Settle, 22*time.Hour)
	orDuration(&c.Final, 7*day)
	orDuration(&c.Glance, time.Hour)
	orDuration(&c.Quiet, 90*day)
	orDuration(&c.Keep, 730*day)
	orDuration(&c.Learn, 7*day)
	orDuration(&c.Own, 14*day)
	orInt(&c.Beds, 1000)
	orInt(&c.CasesPer1000, 10)
	orInt(&c.CasesPerDay, max(1, (c.Beds*c.CasesPer1000+999)/1000))
	orInt(&c.Export, 100)
	orInt(&c.Images, 20)
	orInt(&c.Accounts, 200_000)
	orFloat(&c.Explore, 0.1)
	orFloat(&c.Audit, 0.1)
	orFloat(&c.Doubt, 6)
	orFloat(&c.Fall, 5)
	return c
}
