package judge

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/internal/hospital"
)

// Classes is classes.yml: what belongs to which class. It serves any number of goroutines.
type Classes struct {
	Restricted  []restriction     `yaml:"restricted"`
	Sensitive   []matcher         `yaml:"sensitive"`
	Acts        []matcher         `yaml:"acts"`
	Automatic   []pattern         `yaml:"automatic"`
	PoorReasons []string          `yaml:"poor_reasons"`
	Jobs        []matcher         `yaml:"jobs"`
	People      map[string]string `yaml:"people"`

	// How people call the restricted classes, by label, by service, by the beginning of a diagnosis, all in upper case.
	labels, services, diagnoses map[string]string
	longest                     int // of the beginnings
}

// restriction is a class of restricted records, and by what a record is in it.
type restriction struct {
	Class     string   `yaml:"class"`
	Words     string   `yaml:"words"`
	Labels    []string `yaml:"labels"`
	Services  []string `yaml:"services"`
	Diagnoses []string `yaml:"diagnoses"`
}

// matcher says what a word of a sender means.
type matcher struct {
	Match  pattern `yaml:"match"`
	Class  string  `yaml:"class"`
	Words  string  `yaml:"words"`
	Act    string  `yaml:"act"`
	Family string  `yaml:"family"`
}

// pattern is an expression to which upper and lower case are the same.
type pattern struct{ *regexp.Regexp }

func (p *pattern) UnmarshalYAML(n *yaml.Node) (err error) {
	if p.Regexp, err = regexp.Compile("(?i)" + n.Value); err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	return nil
}

func (j *Judge) loadClasses(shipped, site fs.FS) error {
	if err := needed(shipped, "classes.yml", &j.classes); err != nil {
		return err
	}
	var own Classes
	if _, _, err := optional(site, "classes.yml", &own); err != nil {
		return err
	}
	c := &j.classes
	c.Restricted, c.Sensitive = append(own.Restricted, c.Restricted...), append(own.Sensitive, c.Sensitive...)
	c.Acts, c.Automatic = append(own.Acts, c.Acts...), append(own.Automatic, c.Automatic...)
	c.PoorReasons, c.Jobs = append(own.PoorReasons, c.PoorReasons...), append(own.Jobs, c.Jobs...)
	for family, words := range own.People {
		c.People[family] = words
	}
	return c.check()
}

func (c *Classes) check() error {
	for _, list := range [][]matcher{c.Sensitive, c.Acts, c.Jobs} {
		for _, m := range list {
			if m.Match.Regexp == nil {
				return errors.New("classes.yml: match must be stated")
			}
		}
	}
	for _, m := range c.Acts {
		if !slices.Contains([]string{"open", "listed", "search", "write", "print", "export", "other", "background"}, m.Act) {
			return errors.New("classes.yml: acts: act is open, listed, search, write, print, export, other or background")
		}
	}
	for _, m := range c.Jobs {
		if _, ok := FamilyNamed(m.Family); !ok {
			return errors.New("classes.yml: jobs: no such family")
		}
	}
	c.labels, c.services, c.diagnoses = map[string]string{}, map[string]string{}, map[string]string{}
	for i := range c.Restricted {
		r := &c.Restricted[i]
		if r.Class == "" || r.Words == "" {
			return errors.New("classes.yml: restricted: class and words must be stated")
		}
		for _, of := range []struct {
			words []string
			into  map[string]string
		}{{r.Labels, c.labels}, {r.Services, c.services}, {r.Diagnoses, c.diagnoses}} {
			for _, word := range of.words {
				if word = strings.ToUpper(word); of.into[word] == "" { // the first that names it counts
					of.into[word] = r.Words
				}
			}
		}
		for _, d := range r.Diagnoses {
			c.longest = max(c.longest, len(d))
		}
	}
	for i := range c.PoorReasons {
		c.PoorReasons[i] = strings.ToLower(c.PoorReasons[i])
	}
	return nil
}

// Act tells what a native action is, and whether it is one that happens without anyone's intent; false when only the verb of the access
// can tell. It is not quick: ask once for each word of a sender.
func (c *Classes) Act(native string) (act Act, background, known bool) {
	for i := range c.Acts {
		if c.Acts[i].Match.MatchString(native) {
			return actNamed(c.Acts[i].Act), c.Acts[i].Act == "background", true
		}
	}
	return Other, false, false
}

func actNamed(word string) Act {
	switch word {
	case "open":
		return Open
	case "listed":
		return Listed
	case "search":
		return Search
	case "write":
		return Write
	case "print":
		return Print
	case "export":
		return Export
	}
	return Other
}

// Item names the class of a sensitive item that a native action opens; empty for none. It is not quick either.
func (c *Classes) Item(native string) string {
	for i := range c.Sensitive {
		if c.Sensitive[i].Match.MatchString(native) {
			return c.Sensitive[i].Class
		}
	}
	return ""
}

// Machine tells whether an account is nobody's, by its name.
func (c *Classes) Machine(account string) bool {
	return slices.ContainsFunc(c.Automatic, func(p pattern) bool { return p.MatchString(account) })
}

// Family tells the family of a job by its title.
func (c *Classes) Family(title string) hospital.Family {
	for i := range c.Jobs {
		if c.Jobs[i].Match.MatchString(title) {
			f, _ := FamilyNamed(c.Jobs[i].Family)
			return f
		}
	}
	return hospital.UnknownFamily
}

// Person says who somebody is without a name: a nurse.
func (c *Classes) Person(s *hospital.Staff) string {
	word := "unknown"
	switch {
	case s == nil:
	case s.Type == hospital.Machine:
		word = "machine"
	case int(s.Family) < len(familyNames()) && s.Family != hospital.UnknownFamily:
		word = familyNames()[s.Family]
	}
	return c.People[word]
}

func familyNames() []string {
	return []string{"", "physician", "nursing", "therapy", "pharmacy", "radiology", "lab", "desk", "records", "quality",
		"research", "it", "office", "support"}
}

// FamilyNamed is the family of jobs that content calls by a word; the empty word is the unknown one.
func FamilyNamed(word string) (hospital.Family, bool) {
	i := slices.Index(familyNames(), word)
	return hospital.Family(max(0, i)), i >= 0
}

// poor tells whether a reason for emergency access says nothing: fewer words than that, or one of the canned ones.
func (c *Classes) poor(reason string, words float64) bool {
	return float64(len(strings.Fields(reason))) < words || slices.Contains(c.PoorReasons, strings.ToLower(strings.TrimSpace(reason)))
}

func (c *Classes) byLabel(label string) string { return c.labels[strings.ToUpper(label)] }

func (c *Classes) byService(code string) string { return c.services[strings.ToUpper(code)] }

// byDiagnosis goes by the beginning of a code: the longest that fits counts.
func (c *Classes) byDiagnosis(code string) string {
	code = strings.ToUpper(code)
	for n := min(c.longest, len(code)); n > 0; n-- {
		if words := c.diagnoses[code[:n]]; words != "" {
			return words
		}
	}
	return ""
}

// words is how people call a class.
func (c *Classes) words(class string) string {
	for i := range c.Sensitive {
		if strings.EqualFold(c.Sensitive[i].Class, class) {
			return c.Sensitive[i].Words
		}
	}
	return class
}
