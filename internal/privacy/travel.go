package privacy

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

const (
	flight = 6 * time.Hour    // within which nobody is in two countries
	walk   = 30 * time.Minute // within which nobody leaves the house, signs in from elsewhere and is back
)

// seen is an account at a place at a time.
type seen struct {
	at      int64
	where   hospital.Ref
	country uint64
}

// travel finds an account in two places within a time in which nobody goes from one to the other: in two countries, in another
// country and in the house, or outside and in the house.
func (e *Engine) travel(w *workday) judge.Travel {
	var came []seen
	for _, s := range w.sheets {
		if s.patient != 0 {
			continue
		}
		for i := range s.rows {
			if r := &s.rows[i]; r.marks&login != 0 && r.marks&failed == 0 && (r.query != 0 || r.marks&remote != 0) {
				came = append(came, seen{r.at, r.where, r.query})
			}
		}
	}
	if len(came) == 0 {
		return judge.Travel{}
	}
	slices.SortFunc(came, func(a, b seen) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.country, b.country)) })
	var before *seen
	for i := range came {
		c := &came[i]
		if c.country == 0 {
			continue
		}
		if before != nil && c.country != before.country && milli(c.at-before.at) < flight {
			return judge.Travel{Kind: "remote", Gap: milli(c.at - before.at)}
		}
		before = c
	}
	return e.here(w, came)
}

func milli(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// here finds that the account was in the house as well. In the house it is where it was before anybody came in from outside that
// day: what is used afterwards may be what somebody from outside sits at.
func (e *Engine) here(w *workday, came []seen) judge.Travel {
	home := e.home()
	var before, after []seen
	for _, s := range w.sheets {
		for i := range s.rows {
			r := &s.rows[i]
			if r.where == 0 || r.marks&(failed|remote|login|logout|machine) != 0 || r.act == judge.Export {
				continue
			}
			if r.at < came[0].at {
				before = append(before, seen{at: r.at, where: r.where})
			} else {
				after = append(after, seen{at: r.at, where: r.where})
			}
		}
	}
	for i := range came {
		c := &came[i]
		for _, b := range before {
			if c.country != 0 && home != 0 && c.country != home && milli(c.at-b.at) < flight {
				return judge.Travel{Kind: "remote", Gap: milli(c.at - b.at)}
			}
			for _, a := range after {
				if c.country == 0 && a.where == b.where && a.at > c.at && milli(a.at-b.at) <= walk {
					return judge.Travel{Kind: "remote", Gap: milli(min(c.at-b.at, a.at-c.at))}
				}
			}
		}
	}
	return judge.Travel{}
}

// home is the country from which nearly all sign in; 0 while that is not clear.
func (e *Engine) home() uint64 {
	const enough, share = 20, 0.8
	var most uint64
	var all int64
	for c, n := range e.countries {
		all += n
		if n > e.countries[most] || n == e.countries[most] && c < most {
			most = c
		}
	}
	if all < enough || float64(e.countries[most]) < share*float64(all) {
		return 0
	}
	return most
}
