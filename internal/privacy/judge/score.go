package judge

import (
	"errors"
	"math"
	"slices"

	"github.com/wardline/wardline/content/span"
)

// scoring is score.yml: how reasons and flags are added up.
type scoring struct {
	Prior       float64            `yaml:"prior"`
	Unexplained float64            `yaml:"unexplained"`
	Threshold   float64            `yaml:"threshold"`
	Strengths   map[string]float64 `yaml:"strengths"`
	NoRoster    float64            `yaml:"no_roster"`
	Least       float64            `yaml:"least"`
	Second      float64            `yaml:"second"`
	SelfMade    float64            `yaml:"self_made"`
	FreshMade   float64            `yaml:"fresh_made"`
	TakenUp     float64            `yaml:"taken_up"`
	Fresh       span.Span          `yaml:"fresh"`
	Cancelled   span.Span          `yaml:"cancelled"`
	Duty        span.Span          `yaml:"duty"`
	Again       struct {
		Share float64   `yaml:"share"`
		Half  span.Span `yaml:"half"`
		Lasts span.Span `yaml:"lasts"`
	} `yaml:"again"`
	Together struct {
		Lift   float64 `yaml:"lift"`
		Shared float64 `yaml:"shared"`
	} `yaml:"together"`
	Diagnosis struct {
		Ratio float64 `yaml:"ratio"`
	} `yaml:"diagnosis"`
	Caps struct {
		Identity flagCap `yaml:"identity"`
		Context  flagCap `yaml:"context"`
		Content  flagCap `yaml:"content"`
	} `yaml:"caps"`
	Learned struct {
		Most  float64 `yaml:"most"`
		Cases float64 `yaml:"cases"`
		Bare  float64 `yaml:"unexplained"` // share of improper touches that nothing explains
	} `yaml:"learned"`
}

// flagCap bounds what flags count together: the largest and a share of the next, or a sum.
type flagCap struct {
	Flags []string `yaml:"flags"`
	Next  float64  `yaml:"next"`
	Most  float64  `yaml:"most"`
}

func (s *scoring) check() error {
	values := []float64{s.Prior, s.Unexplained, s.Threshold, s.NoRoster, s.Least, s.Second, s.SelfMade, s.FreshMade, s.TakenUp, s.Learned.Most, s.Learned.Cases, s.Learned.Bare}
	for _, name := range []string{"direct", "place", "function", "indirect", "statistical", "weak", "machine"} {
		w, ok := s.Strengths[name]
		if !ok || w >= 0 || !finite(w) {
			return errors.New("score.yml: strengths: direct, place, function, indirect, statistical, weak and machine are below 0")
		}
	}
	switch {
	case !finite(values...):
		return errors.New("score.yml: a weight is not a number")
	case s.Least >= 0 || s.NoRoster >= 0:
		return errors.New("score.yml: least and no_roster speak for a reason, so they are below 0")
	case s.Learned.Most < 0 || s.Learned.Cases <= 0 || s.Learned.Bare <= 0 || s.Learned.Bare > 1:
		return errors.New("score.yml: learned: most is 0 or more, cases above 0, and unexplained a share above 0")
	case s.Again.Half <= 0:
		return errors.New("score.yml: again: half must be longer than nothing")
	}
	for _, share := range []float64{s.Second, s.SelfMade, s.FreshMade, s.TakenUp, s.Again.Share} {
		if share < 0 || share > 1 {
			return errors.New("score.yml: second, self_made, fresh_made, taken_up and again.share are between 0 and 1")
		}
	}
	return nil
}

// enough tells whether a reason explains: that enough of it is left, and that it was not made to.
func (s *scoring) enough(weight float64, correction string) bool {
	return weight <= s.Least && explains(correction)
}

// noReason is what it weighs that nothing explains a touch: less where the systems of the house explain little, and when they explain less
// than usual.
func (a *asking) noReason() float64 {
	weight := a.j.score.Unexplained
	if r := a.k.Rates; r != nil && r.Unexplained[0] > 0 {
		weight += a.j.move(weight, a.j.score.Learned.Bare, r.Unexplained[0], float64(r.Touches))
	}
	if b := a.k.Work.Bareness; b > 1 {
		weight -= min(10*math.Log10(b), a.j.score.Learned.Most)
	}
	return weight
}

// reasonWeight is what the reasons of a touch weigh: the strongest, and a share of the second strongest of another family.
func (a *asking) reasonWeight(all []Reason) float64 {
	sum := all[0].Weight
	if second := a.j.second(all); second != nil {
		sum += a.j.score.Second * second.Weight
	}
	return sum
}

// second is the strongest of the reasons that are of another family than the first; nil when there is none.
func (j *Judge) second(all []Reason) (second *Reason) {
	for i := 1; i < len(all); i++ {
		if j.family(all[i].Template) != j.family(all[0].Template) && (second == nil || all[i].Weight < second.Weight) {
			second = &all[i]
		}
	}
	return second
}

func (j *Judge) family(id string) string {
	if t := j.template(id); t != nil {
		return t.Family
	}
	return ""
}

func (j *Judge) template(id string) *template {
	for i := range j.templates {
		if j.templates[i].ID == id {
			return &j.templates[i]
		}
	}
	return nil
}

// cap says of each flag how much of it counts, and returns the sum.
func (j *Judge) cap(flags []Flag) float64 {
	for i := range flags {
		flags[i].Counted = flags[i].Weight
	}
	for _, c := range []*flagCap{&j.score.Caps.Identity, &j.score.Caps.Context, &j.score.Caps.Content} {
		c.apply(flags)
	}
	sum := 0.0
	for i := range flags {
		sum += flags[i].Counted
	}
	return sum
}

func (c *flagCap) apply(flags []Flag) {
	first, next, sum := -1, -1, 0.0
	for i := range flags {
		if !slices.Contains(c.Flags, flags[i].ID) {
			continue
		}
		sum += flags[i].Weight
		switch {
		case first < 0 || flags[i].Weight > flags[first].Weight:
			first, next = i, first
		case next < 0 || flags[i].Weight > flags[next].Weight:
			next = i
		}
	}
	for i := range flags {
		switch {
		case !slices.Contains(c.Flags, flags[i].ID):
		case c.Most > 0 && sum > c.Most:
			flags[i].Counted = flags[i].Weight * c.Most / sum
		case c.Most > 0 || i == first:
		case i == next:
			flags[i].Counted = flags[i].Weight * c.Next
		default:
			flags[i].Counted = 0
		}
	}
}

// Probability is what a score means: how likely it is that a person would find the touch improper.
func Probability(score float64) float64 {
	odds := math.Pow(10, score/10)
	return odds / (1 + odds)
}
