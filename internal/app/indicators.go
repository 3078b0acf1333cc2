package app

import (
	"fmt"

	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
	"github.com/wardline/wardline/internal/report"
)

// loadIndicators reads lists of indicators and says what it refused of them. Without any list there
// is no set.
func loadIndicators(files []string) (*indicator.Set, []feed.Problem, error) {
	if len(files) == 0 {
		return nil, nil, nil
	}
	return feed.Load(files, feed.DefaultLimits())
}

// refusedEntry is what statistics say of one entry.
func refusedEntry(p feed.Problem) refusal {
	reason := p.Reason
	if p.Object > 0 {
		reason = fmt.Sprintf("object %d: %s", p.Object, reason)
	}
	return refusal{p.File, p.Line, p.ID, reason}
}

// unlisted sums up for each list what was refused of it, for people; statistics name the entries one by one.
func unlisted(problems []feed.Problem) []report.Refusal {
	var sums []report.Refusal
	for i := 0; i < len(problems); {
		first, n := problems[i], 0
		for ; i < len(problems) && problems[i].File == first.File; i++ {
			n += problems[i].Entries
		}
		sum := report.Refusal{Source: first.File, Reason: first.Reason}
		if first.Line > 0 {
			sum.Source = fmt.Sprintf("%s:%d", first.File, first.Line)
		}
		if n > 1 {
			sum.Reason += fmt.Sprintf(", and %d more indicators of this list", n-1)
		}
		sums = append(sums, sum)
	}
	return sums
}
