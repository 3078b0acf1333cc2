package bench_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect"
)

// BenchmarkGrowth tells how the cost of an event grows with the number of rules, on real
// events: each number of rules takes turns with 100 of them.
func BenchmarkGrowth(b *testing.B) {
	oneCore(b)
	tax, rules, c := taxonomy(b), shuffled(sigmaRules(b)), realEvents(b)
	for _, o := range []detect.Options{{}, {Unrouted: true}} {
		name := map[bool]string{false: "routed", true: "unrouted"}[o.Unrouted]
		few, _ := detect.Compile(rules[:100], tax, o)
		for _, n := range []int{500, 1000, 2000, len(rules)} {
			engine, _ := detect.Compile(rules[:n], tax, o)
			b.Run(fmt.Sprintf("%s/rules=%d", name, n), func(b *testing.B) {
				var hits int
				all := inTurn(b, pass{"ours", match(b, c, tax, engine, &hits)}, pass{"few", match(b, c, tax, few, &hits)})
				b.ReportMetric(all[0].median(), "ns/event")
				b.ReportMetric(all[0].to(all[1]), "x-100-rules")
			})
		}
	}
}

// shuffled mixes rules in an order that is the same in every run. Those that look for words in the
// whole event come last, so that the first hundred are as cheap as can be.
func shuffled(rules []*sigma.Rule) []*sigma.Rule {
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	slices.SortStableFunc(rules, func(x, y *sigma.Rule) int { return keywords(x) - keywords(y) })
	return rules
}

// keywords is 1 for a rule that has items without a field.
func keywords(r *sigma.Rule) int {
	var within func(s sigma.Search) bool
	within = func(s sigma.Search) bool {
		return s.Item != nil && s.Item.Field == "" || slices.ContainsFunc(s.All, within) || slices.ContainsFunc(s.Any, within)
	}
	if slices.ContainsFunc(r.Selections, func(s sigma.Selection) bool { return within(s.Search) }) {
		return 1
	}
	return 0
}
