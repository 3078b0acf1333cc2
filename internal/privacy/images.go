package privacy

import (
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// imaging adds up the studies of which images were seen or moved, in the hour in which they were most.
func (e *Engine) imaging(k *judge.Work, w *workday, p *profile) {
	type one struct {
		hour   int64
		object uint32
	}
	studies, hours := map[one]struct{}{}, map[int64]int{}
	person := false
	for _, s := range w.sheets {
		if !s.brief.images {
			continue
		}
		for i := range s.rows {
			r := &s.rows[i]
			if r.marks&image == 0 || r.marks&failed != 0 {
				continue
			}
			person = person || r.marks&machine == 0
			o := one{r.at / 3_600_000, r.object}
			if _, known := studies[o]; known && r.object != 0 {
				continue
			}
			studies[o] = struct{}{}
			hours[o.hour]++
		}
	}
	for _, n := range hours {
		k.Images = max(k.Images, n)
	}
	if !person || k.Images <= e.cfg.Images {
		return
	}
	// Who looks at a patient's images looks at some earlier ones, too.
	const each, farTooMany = 3, 10
	if mean, shape, ok := e.expect(p, e.roleOf(w.staff), patients, w.day); ok {
		k.Scraped = chance.AtLeast(k.Images/each, mean, shape) < shortOfProof
	} else {
		k.Scraped = k.Images > farTooMany*e.cfg.Images
	}
}
