package triage

import (
	"context"
	"fmt"
	"math"
)

// Precision says how often a rule was right, by the verdicts of people.
type Precision struct {
	True     int `json:"true"`
	False    int `json:"false"`
	Expected int `json:"expected"` // the rule was right, so it speaks neither for nor against it
	// Low and High are the ends of the 95 % Wilson interval of True / (True + False): what the rule's
	// precision may well be. Without verdicts they are 0 and 1.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Review tells that somebody should look at the rule: it was right in fewer than one of 20 of
	// at least 50 verdicts. Nothing is switched off.
	Review bool `json:"review"`
}

const (
	reviewVerdicts = 50
	reviewBelow    = 0.05
)

// complete works out the rest from the counts.
func (p *Precision) complete() {
	n := p.True + p.False
	p.Low, p.High = wilson(p.True, n)
	p.Review = n >= reviewVerdicts && float64(p.True) < reviewBelow*float64(n)
}

// wilson is the 95 % score interval of hits in n (E. B. Wilson, 1927). Unlike the usual one it is sound for
// few verdicts and for shares near 0 and 1.
func wilson(hits, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	share, size := float64(hits)/float64(n), float64(n)
	middle := share + z*z/(2*size)
	spread := z * math.Sqrt(share*(1-share)/size+z*z/(4*size*size))
	scale := 1 + z*z/size
	return max(0, (middle-spread)/scale), min(1, (middle+spread)/scale)
}

// Precision sums up the verdicts on each rule's findings, by RuleID. A finding that was opened again and judged again
// counts with each verdict.
func (d *Desk) Precision(ctx context.Context) (map[string]Precision, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT rule, verdict, count(*) FROM finding_acts
		WHERE act = 'judged' AND undone = 0 GROUP BY rule, verdict`)
	if err != nil {
		return nil, fmt.Errorf("read verdicts: %w", err)
	}
	defer rows.Close()
	all := map[string]Precision{}
	for rows.Next() {
		var rule, verdict string
		var n int
		if err := rows.Scan(&rule, &verdict, &n); err != nil {
			return nil, fmt.Errorf("read verdicts: %w", err)
		}
		p := all[rule]
		switch Verdict(verdict) {
		case True:
			p.True = n
		case False:
			p.False = n
		case Expected:
			p.Expected = n
		}
		all[rule] = p
	}
	for rule, p := range all {
		p.complete()
		all[rule] = p
	}
	return all, rows.Err()
}
