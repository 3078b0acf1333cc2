package diversion

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/content/strict"
)

// file is where the rules stand, ours and those of a site.
const file = "diversion.yml"

// Rules are what is gone by: content/privacy/diversion.yml.
type Rules struct {
	Drugs  []Drug    `yaml:"drugs"`
	Window span.Span `yaml:"window"`
	Wait   span.Span `yaml:"wait"`
	Given  span.Span `yaml:"given"`
	Later  span.Span `yaml:"later"`
	Before span.Span `yaml:"before"`
	Waste  span.Span `yaml:"waste"`
	Back   span.Span `yaml:"back"`
	Order  span.Span `yaml:"order"`
	Left   span.Span `yaml:"left"`
	Duty   span.Span `yaml:"duty"`
	Settle span.Span `yaml:"settle"`
	Silent span.Span `yaml:"silent"`
	Least  struct {
		Taken   int     `yaml:"taken"`
		Peers   int     `yaml:"peers"`
		Wastes  int     `yaml:"wastes"`
		Amounts int     `yaml:"amounts"`
		Hits    int     `yaml:"hits"`
		Heard   float64 `yaml:"heard"`
	} `yaml:"least"`
	Spread float64 `yaml:"spread"`
	Alike  float64 `yaml:"alike"`
	Weight float64 `yaml:"weight"`
	Chance float64 `yaml:"chance"`
	List   int     `yaml:"list"`
	Again  float64 `yaml:"again"`
	Weighs float64 `yaml:"weighs"`
	Signs  []sign  `yaml:"signs"`
}

// Drug is a controlled one.
type Drug struct {
	Name  string `yaml:"name"`
	Class string `yaml:"class"`
	Match string `yaml:"match"`

	match *regexp.Regexp
}

// sign is how one of the signs is told.
type sign struct {
	ID       string `yaml:"id"`
	Label    string `yaml:"label"`
	Sentence string `yaml:"sentence"`
}

func milli(s span.Span) int64 { return time.Duration(s).Milliseconds() }

// Load reads the rules of shipped, and then those of a site, which change single keys. site may be nil, and may lack the file.
func Load(shipped, site fs.FS) (*Rules, error) {
	r := &Rules{}
	for _, from := range []fs.FS{shipped, site} {
		if from == nil {
			continue
		}
		text, err := fs.ReadFile(from, file)
		if errors.Is(err, fs.ErrNotExist) && from != shipped {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read what is looked for at cabinets: %w", err)
		}
		if err := strict.Decode(text, r); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

func (r *Rules) check() error {
	for i := range r.Drugs {
		d := &r.Drugs[i]
		var err error
		if d.match, err = regexp.Compile("(?i)" + d.Match); err != nil || d.Match == "" || d.Name == "" || d.Class == "" {
			return fmt.Errorf("drugs: number %d has no name, no class, or a match that is no expression", i+1)
		}
	}
	for _, x := range []float64{r.Spread, r.Alike, r.Least.Heard} {
		if !(x >= 0 && x < 1) {
			return errors.New("spread, alike and heard are shares below 1")
		}
	}
	if !(r.Chance > 0 && r.Chance < 1 && r.Weighs > 0 && r.Weighs <= 1 && r.Weight > 0 && r.Again >= 0) || math.IsInf(r.Weight+r.Again, 0) {
		return errors.New("chance and weighs are between 0 and 1, weight and again not below 0")
	}
	if r.Least.Taken < 1 || r.Least.Peers < 1 || r.Least.Wastes < 2 || r.Least.Amounts < 1 || r.Least.Hits < 1 || r.List < 0 || r.Window < span.Span(24*time.Hour) {
		return errors.New("taken, peers, amounts and hits are 1 at least, wastes 2, and window a day")
	}
	names := signs()
	if len(r.Signs) != len(names) || slices.ContainsFunc(r.Signs, func(s sign) bool { return !slices.Contains(names[:], s.ID) || s.Label == "" || s.Sentence == "" }) {
		return fmt.Errorf("signs are %s, each with label and sentence", strings.Join(names[:], ", "))
	}
	return nil
}

// longestName is longer than any name of a drug.
const longestName = 256

// Controlled tells which controlled drug a code and a name are; nil for none.
func (r *Rules) Controlled(code, name string) *Drug {
	text := code[:min(len(code), longestName)] + " " + name[:min(len(name), longestName)]
	for i := range r.Drugs {
		if r.Drugs[i].match.MatchString(text) {
			return &r.Drugs[i]
		}
	}
	return nil
}

func (r *Rules) sign(s Sign) *sign {
	name := signs()[s]
	return &r.Signs[slices.IndexFunc(r.Signs, func(o sign) bool { return o.ID == name })]
}
