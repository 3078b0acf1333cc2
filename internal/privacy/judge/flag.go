package judge

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/wardline/wardline/internal/hospital"
)

// flag is one thing that speaks for a closer look, as flags.yml has it.
type flag struct {
	ID       string             `yaml:"id"`
	Title    string             `yaml:"title"`
	Label    string             `yaml:"label"`
	Weight   float64            `yaml:"weight"`
	More     map[string]float64 `yaml:"more"`
	Hard     bool               `yaml:"hard"`
	Improper float64            `yaml:"improper"`
	Guess    bool               `yaml:"guess"`
	Limits   map[string]float64 `yaml:"limits"`
	Sentence string             `yaml:"sentence"`
	Chart    string             `yaml:"chart"`
	Headline string             `yaml:"headline"`
	Source   string             `yaml:"source"`
}

func (f *flag) check() error {
	values := []float64{f.Weight, f.Improper}
	for _, m := range []map[string]float64{f.More, f.Limits} {
		for _, v := range m {
			values = append(values, v)
		}
	}
	switch {
	case !finite(values...) || slices.Min(values) < 0:
		return errors.New("weights and limits are numbers of 0 or more")
	case f.Improper > 1:
		return errors.New("improper is a share")
	}
	return nil
}

// limit is a number of its test; loading has seen to it that it is there.
func (f *flag) limit(name string) float64 {
	v, ok := f.Limits[name]
	if !ok {
		panic("wardline: internal error: flag " + f.ID + " has no limit " + name)
	}
	return v
}

// fewBare is from how many touches without a reason on their shares say something.
const fewBare = 300

// learned moves a weight by what the site's own rates say: how much more often the flag stands on improper touches than on
// others. A rate that is not known moves nothing, and with a share of improper touches that is only guessed it raises nothing: what is
// rare is no evidence of anything by being so. Where nothing explains a touch the others are those that nothing explains either:
// that there is no reason counts already, and what goes with having none would otherwise count twice.
func (a *asking) learned(f *flag) float64 {
	r := a.k.Rates
	if r == nil || r.Touches <= 0 || f.Improper <= 0 {
		return 0
	}
	flags, touches := r.Flags, float64(r.Touches)
	if !a.explained && r.Bare >= fewBare {
		flags, touches = r.BareFlags, float64(r.Bare)
	}
	rate, ok := flags[f.ID]
	if !ok {
		return 0
	}
	own := &a.j.score.Learned
	improper := (own.Cases*f.Improper + r.Upheld[f.ID]) / (own.Cases + float64(r.UpheldCases))
	by := a.j.move(f.Weight, improper, rate, touches)
	if f.Guess {
		return min(by, 0)
	}
	return by
}

// move is by how much a weight is to be moved for a flag that stands on such shares of improper touches and of so many others.
func (j *Judge) move(weight, improper, rate, touches float64) float64 {
	rate = (rate*touches + 0.5) / (touches + 1) // one that was never seen is not impossible
	most := j.score.Learned.Most
	return max(-most, min(most, 10*math.Log10(improper/rate)-weight))
}

// raise notes a flag with a weight. Facts come in pairs of name and value.
func (a *asking) raise(f *flag, weight float64, hard bool, facts ...string) {
	found := Flag{ID: f.ID, Weight: max(0, weight+a.learned(f)), Hard: hard}
	if len(facts) > 0 {
		found.Facts = make(map[string]string, len(facts)/2)
		for i := 0; i+1 < len(facts); i += 2 {
			found.Facts[facts[i]] = facts[i+1]
		}
	}
	a.raised = append(a.raised, found)
}

// plain notes a flag with its own weight.
func (a *asking) plain(id string, facts ...string) {
	f := a.j.flags[id]
	a.raise(f, f.Weight, f.Hard, facts...)
}

func (a *asking) has(ids ...string) bool {
	return slices.ContainsFunc(a.raised, func(f Flag) bool { return slices.Contains(ids, f.ID) })
}

// weigh raises all flags. Reasons were asked before: some flags depend on them.
func (a *asking) weigh() {
	a.self()
	if a.s != nil && a.p != nil && !a.has("F01") {
		a.kinship()
		a.coworker()
		a.neighbour()
	}
	if a.p != nil {
		a.record()
		a.absence()
		a.trap()
	}
	a.account()
	a.manner()
	a.place()
	a.volume()
	a.bulk()
	a.history()
}

// self is F01: by the link of HR and patients, or because all that tells people apart is the same.
func (a *asking) self() {
	if a.s == nil || a.p == nil {
		return
	}
	u, p := &a.s.Identity, &a.p.Identity
	if a.s.Patient == a.p.ID || a.p.Staff == a.s.ID ||
		u.National != 0 && u.National == p.National ||
		u.Person != 0 && u.Person == p.Person && u.Address != 0 && u.Address == p.Address {
		a.plain("F01")
	}
}

// kinship is F02 to F04.
func (a *asking) kinship() {
	u, p := &a.s.Identity, &a.p.Identity
	household := u.Address != 0 && u.Address == p.Address && (surname(u, p) || share(u.Phones, p.Phones))
	if household {
		a.plain("F02")
	}
	sound := u.Sound != 0 && u.Sound == p.Sound
	if !household && u.Area != 0 && u.Area == p.Area && (surname(u, p) || sound) {
		f := a.j.flags["F03"]
		w := f.Weight
		if rarity := a.h.Rarity(p.Family); rarity > 0 {
			w = min(f.limit("most"), w+10*math.Log10(f.limit("usual")/rarity))
		}
		if !surname(u, p) {
			w -= f.limit("sound")
		}
		if w > 0 {
			a.raise(f, w, f.Hard)
		}
	}
	if kin(u.Kin, p) || kin(p.Kin, u) {
		a.plain("F04")
	}
}

// surname tells whether two people have a family name in common, of today or of earlier.
func surname(x, y *hospital.Identity) bool {
	return x.Family != 0 && (x.Family == y.Family || slices.Contains(y.Former, x.Family)) ||
		y.Family != 0 && slices.Contains(x.Former, y.Family) || share(x.Former, y.Former)
}

func share(x, y []uint64) bool {
	return slices.ContainsFunc(x, func(v uint64) bool { return v != 0 && slices.Contains(y, v) })
}

// kin tells whether one of those named as near is the other person.
func kin(named []hospital.Kin, other *hospital.Identity) bool {
	return slices.ContainsFunc(named, func(k hospital.Kin) bool {
		return k.Name != 0 && k.Name == other.Name || k.Phone != 0 && slices.Contains(other.Phones, k.Phone)
	})
}

// coworker is F05: the patient works here.
func (a *asking) coworker() {
	if a.p.Staff == 0 || a.p.Staff == a.s.ID {
		return
	}
	v := a.h.Staff(a.p.Staff)
	if v == nil || !v.End.IsZero() && !a.first.Before(v.End) {
		return
	}
	f := a.j.flags["F05"]
	switch {
	case v.Manager == a.s.ID:
		a.raise(f, f.Weight, f.Hard, "relation", "reports to this person")
	case a.s.Manager == v.ID:
		a.raise(f, f.Weight, f.Hard, "relation", "leads this person")
	case v.Dept != 0 && v.Dept == a.s.Dept:
		a.raise(f, f.Weight, f.Hard, "relation", "in the same department")
	default:
		a.raise(f, f.More["other"], f.Hard, "relation", "in another department")
	}
}

// neighbour is F06. Whoever lives in the same household is more than a neighbour.
func (a *asking) neighbour() {
	if a.has("F02") {
		return
	}
	f := a.j.flags["F06"]
	u, p := &a.s.Identity, &a.p.Identity
	if u.Address != 0 && u.Address == p.Address {
		a.raise(f, f.Weight, f.Hard, "distance", "at the same address")
		return
	}
	if u.Located && p.Located {
		if m := math.Hypot(float64(u.East)-float64(p.East), float64(u.North)-float64(p.North)); m <= f.limit("metres") {
			a.raise(f, f.Weight, f.Hard, "distance", strconv.Itoa(int(math.Round(m)))+" m away")
			return
		}
	}
	if u.Street != 0 && u.Street == p.Street && u.Number != 0 && p.Number != 0 {
		if d := math.Abs(float64(u.Number) - float64(p.Number)); d <= f.limit("numbers") {
			a.raise(f, f.Weight, f.Hard, "distance", "in the same street, "+counted(int(d), "number", "numbers")+" apart")
		}
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
