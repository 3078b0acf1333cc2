package judge_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/vault"
)

// A script tells small stories and what the judge must say of them, line by line, so that a privacy officer can check it by
// hand. Times are told from noon of Tuesday 10 March 2026: -4h, +14d, -1d2h5m, or 0; unknown is none. Whatever a line does not know is an error.
//
//	case WORDS                                     a new house, in which nobody is known
//	unit CODE [dept=] [service=]
//	person NAME FAMILY [dept= service= unit=A,B site= manager= type= start= end= suspended=] [who they are]
//	patient NAME [dead= mother= vip] [who they are]
//	         who they are: family= given= born= street= city= postcode= phone= national= former= east= north= kin=Family/Given/phone
//	crowd N FAMILY                                 so many further patients of that surname
//	member PROTOCOL PERSON
//	mark PATIENT KIND [who=] [label=]              vip, canary, listed, restricted
//	shift PERSON FROM TO [unit= covers= leave oncall]
//	visit PATIENT FROM [TO] [class= service= unit= diagnosis= number=]
//	relation KIND PATIENT WHO FROM [TO] [key= by= made=]   WHO: a person, unit:4W, department:, service:, protocol:, nobody
//	cancel KIND PATIENT KEY AT                     it is taken back
//	act KIND PATIENT KEY AT by=                    somebody does something about it
//	known NAME=VALUE ...                           what the room has learned: see the function known
//	touch PERSON PATIENT [at= for= looked= open= listed= search= write= print= export= sensitive= broke= declined= automatic images]
//	reason ID WEIGHT [CORRECTION]                  these stand after a touch: each reason ...
//	flag ID WEIGHT [COUNTED] [hard]                ... each flag, and what of it counts if that is less ...
//	tried ID WHY                                   ... as far as it matters, why something did not hold ...
//	headline WORDS                                 ... the sentences of a case that holds the touch ...
//	says WORDS                                     ... that stand in one of its paragraphs ...
//	found KIND RESULT WORDS                        ... and what is said of a kind of reasons ...
//	verdict explained|unexplained SCORE            ... and what comes of it: all reasons and flags must have been named
type script struct {
	t     *testing.T
	judge *judge.Judge
	vault *vault.Vault

	file string
	line int
	name string

	h       *hospital.House
	k       judge.Known
	touch   *judge.Touch
	reasons []string
	flags   []string
	tried   []string
	said    []func(judge.Text) // what is expected of the sentences
	keys    int
	touches int // that were judged
	cases   int
	broken  func(story string) // is told of each that fails, in place of t
}

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// args are the words of a line: those in order, and those with a name.
type args struct {
	words []string
	named map[string]string
	used  map[string]bool
	err   error
}

func (a *args) next(what string) string {
	if len(a.words) == 0 {
		a.err = errors.Join(a.err, fmt.Errorf("%s is missing", what))
		return ""
	}
	w := a.words[0]
	a.words = a.words[1:]
	return w
}

func (a *args) get(name string) string {
	a.used[name] = true
	return a.named[name]
}

func (a *args) has(name string) bool {
	a.used[name] = true
	_, ok := a.named[name]
	if !ok {
		if i := slices.Index(a.words, name); i >= 0 {
			a.words = slices.Delete(a.words, i, i+1)
			return true
		}
	}
	return ok
}

func (a *args) time(word string) time.Time {
	if word == "" || word == "unknown" {
		return time.Time{}
	}
	d, err := offset(word)
	a.err = errors.Join(a.err, err)
	return noon.Add(d)
}

func (a *args) number(name string) float64 {
	w := a.get(name)
	if w == "" {
		return 0
	}
	f, err := strconv.ParseFloat(w, 64)
	a.err = errors.Join(a.err, err)
	return f
}

// offset reads -1d2h5m: days, and then what Go knows.
func offset(word string) (time.Duration, error) {
	sign, rest := time.Duration(1), word
	if rest == "0" {
		return 0, nil
	}
	switch {
	case strings.HasPrefix(rest, "-"):
		sign, rest = -1, rest[1:]
	case strings.HasPrefix(rest, "+"):
		rest = rest[1:]
	}
	var d time.Duration
	if days, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil {
			return 0, fmt.Errorf("%q is no time", word)
		}
		d, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest != "" {
		more, err := time.ParseDuration(rest)
		if err != nil {
			return 0, fmt.Errorf("%q is no time", word)
		}
		d += more
	}
	return sign * d, nil
}

// split reads a line into words; a value with blanks stands in quotes.
func split(line string) (*args, string, error) {
	a := &args{named: map[string]string{}, used: map[string]bool{}}
	verb := ""
	for i := 0; ; i++ {
		line = strings.TrimLeft(line, " \t")
		if line == "" || line[0] == '#' {
			return a, verb, nil
		}
		end, quoted := 0, false
		for ; end < len(line) && (quoted || line[end] != ' ' && line[end] != '\t'); end++ {
			if line[end] == '"' {
				quoted = !quoted
			}
		}
		if quoted {
			return nil, "", errors.New("a quote is not closed")
		}
		word := strings.ReplaceAll(line[:end], `"`, "")
		line = line[end:]
		name, value, ok := strings.Cut(word, "=")
		switch {
		case i == 0:
			verb = word
			if slices.Contains([]string{"case", "headline", "says", "found"}, verb) {
				a.words = []string{strings.TrimSpace(line)}
				return a, verb, nil
			}
		case ok:
			a.named[name] = value
		default:
			a.words = append(a.words, word)
		}
	}
}

func (s *script) run(file, text string) {
	s.file = file
	for i, line := range strings.Split(text, "\n") {
		s.line = i + 1
		a, verb, err := split(line)
		if err != nil {
			s.t.Fatalf("%s:%d: %v", file, s.line, err)
		}
		if verb == "" {
			continue
		}
		if err := s.statement(verb, a); err != nil {
			s.t.Fatalf("%s:%d: %v", file, s.line, err)
		}
	}
	if s.touch != nil {
		s.t.Fatalf("%s: the last touch has no verdict", file)
	}
}

func (s *script) statement(verb string, a *args) error {
	if s.h == nil && verb != "case" {
		return errors.New("a case must come first")
	}
	expects := slices.Contains([]string{"reason", "flag", "tried", "verdict", "headline", "says", "found"}, verb)
	if expects != (s.touch != nil) {
		return errors.New("what is expected stands between a touch and its verdict, and nothing else does")
	}
	do, ok := map[string]func(*args){
		"case": s.begin, "unit": s.unit, "crowd": s.crowd, "member": s.member, "person": s.person, "patient": s.patient, "mark": s.mark, "shift": s.shift, "visit": s.visit,
		"relation": s.relation, "cancel": s.cancel, "act": s.act, "known": s.known, "touch": s.touched,
		"reason": s.reason, "flag": s.flag, "tried": s.try, "verdict": s.verdict,
		"headline": s.headline, "says": s.says, "found": s.found,
	}[verb]
	if !ok {
		return fmt.Errorf("%q is no statement", verb)
	}
	do(a)
	for name := range a.named {
		if !a.used[name] {
			a.err = errors.Join(a.err, fmt.Errorf("%s= means nothing here", name))
		}
	}
	if len(a.words) > 0 {
		a.err = errors.Join(a.err, fmt.Errorf("%q is too much", a.words[0]))
	}
	return a.err
}

func (s *script) begin(a *args) {
	s.name = a.next("words")
	s.h = hospital.New(s.vault, hospital.Options{Authority: "ALDER"})
	s.k = judge.Known{Work: judge.Work{Hour: -1}}
	s.cases++
}

// take enters a fact that was said at a time.
func (s *script) take(f hospital.Fact, said time.Time) {
	f.Said, f.Seen, f.Source = said, said, "script"
	s.h.Take(&f)
}

func (s *script) unit(a *args) {
	s.take(hospital.Fact{Unit: &hospital.UnitFact{Unit: a.next("code"), Department: a.get("dept"), Service: a.get("service")}}, noon.AddDate(-1, 0, 0))
}

func (s *script) person(a *args) {
	name := a.next("name")
	f := hospital.StaffFact{
		Number: "N-" + name, Logins: []string{name}, Human: human(a), Family: a.next("family of the job"), Department: a.get("dept"),
		Service: a.get("service"), Site: a.get("site"), Employment: a.get("type"), Manager: "", Job: a.get("job"),
		Start: a.time(a.get("start")), End: a.time(a.get("end")), Suspended: a.time(a.get("suspended")),
	}
	if f.Family == "unknown" {
		f.Family = ""
	}
	if m := a.get("manager"); m != "" {
		f.Manager = "N-" + m
	}
	if u := a.get("unit"); u != "" {
		f.Units = strings.Split(u, ",")
	}
	s.take(hospital.Fact{Staff: &f}, noon.AddDate(-1, 0, 0))
}

func human(a *args) hospital.Human {
	h := hospital.Human{
		Family: a.get("family"), Given: a.get("given"), Street: a.get("street"), City: a.get("city"), Postcode: a.get("postcode"),
		National: a.get("national"), East: int32(a.number("east")), North: int32(a.number("north")), Located: a.get("east") != "",
	}
	if p := a.get("phone"); p != "" {
		h.Phones = []string{p}
	}
	if f := a.get("former"); f != "" {
		h.Former = []string{f}
	}
	if b := a.get("born"); b != "" {
		born, err := time.Parse(time.DateOnly, b)
		a.err = errors.Join(a.err, err)
		h.Born = born
	}
	if k := a.get("kin"); k != "" {
		parts := append(strings.Split(k, "/"), "", "")
		h.Kin = []hospital.Kinship{{Family: parts[0], Given: parts[1], Phone: parts[2]}}
	}
	return h
}

func number(patient string) []hospital.Identifier {
	return []hospital.Identifier{{Authority: "ALDER", Type: "MR", Value: "M-" + patient}}
}

func (s *script) patient(a *args) {
	f := hospital.PatientFact{IDs: number(a.next("name")), VIP: a.has("vip"), Died: a.time(a.get("dead")), Dead: a.get("dead") != ""}
	if m := a.get("mother"); m != "" {
		f.Mother = number(m)
	}
	f.Human = human(a)
	s.take(hospital.Fact{Patient: &f}, noon.AddDate(-1, 0, 0))
}

func (s *script) crowd(a *args) {
	n, err := strconv.Atoi(a.next("number"))
	a.err = errors.Join(a.err, err)
	family := a.next("family name")
	for i := range n {
		f := hospital.PatientFact{IDs: number(family + strconv.Itoa(i)), Human: hospital.Human{Family: family, Given: "A" + strconv.Itoa(i)}}
		s.take(hospital.Fact{Patient: &f}, noon.AddDate(-1, 0, 0))
	}
}

func (s *script) member(a *args) {
	f := hospital.MemberFact{Protocol: a.next("protocol"), Staff: hospital.Name{Text: a.next("person")}}
	s.take(hospital.Fact{Member: &f}, noon.AddDate(0, -6, 0))
}

func (s *script) mark(a *args) {
	f := hospital.MarkFact{Patient: number(a.next("patient")), Kind: a.next("kind"), Label: a.get("label")}
	if w := a.get("who"); w != "" {
		f.Who = []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: w}}}
	}
	s.take(hospital.Fact{Mark: &f}, noon.AddDate(0, -1, 0))
}

func (s *script) shift(a *args) {
	f := hospital.ShiftFact{Staff: a.next("person"), From: a.time(a.next("from")), To: a.time(a.next("to")), Unit: a.get("unit"), Leave: a.has("leave"), OnCall: a.has("oncall")}
	if c := a.get("covers"); c != "" {
		f.Covers = "N-" + c
	}
	s.take(hospital.Fact{Shift: &f}, noon.AddDate(0, -1, 0))
}

func (s *script) visit(a *args) {
	on := len(a.words)
	patient, from := a.next("patient"), a.time(a.next("from"))
	f := hospital.VisitFact{Patient: number(patient), Number: a.get("number"), Service: a.get("service"), Unit: a.get("unit"), Start: from, Moved: from}
	if f.Number == "" {
		f.Number = fmt.Sprintf("V-%s-%d", patient, s.line)
	}
	if on > 2 {
		f.End = a.time(a.next("to"))
	}
	if c := a.get("class"); c != "" {
		f.Class = c[0]
	}
	if d := a.get("diagnosis"); d != "" {
		f.Diagnoses = []string{d}
	}
	said := from
	if !f.End.IsZero() {
		said = f.End
	}
	s.take(hospital.Fact{Visit: &f}, said)
}

// kind finds a relation by the word of templates.yml.
func kind(a *args, word string) hospital.Kind {
	words := []string{"", "provider", "appointment", "order", "result", "copy", "document", "medication", "careteam", "procedure",
		"imaging", "specimen", "prescription", "registration", "account", "trigger", "message", "consult", "research",
		"assignment", "ticket", "page", "transfer"}
	i := slices.Index(words, word)
	if i <= 0 {
		a.err = errors.Join(a.err, errors.New("no such relation"))
	}
	return hospital.Kind(max(0, i))
}

func (s *script) relation(a *args) {
	f := hospital.ReasonFact{Kind: kind(a, a.next("kind")), Patient: number(a.next("patient"))}
	who := a.next("who")
	on := len(a.words)
	f.From = a.time(a.next("from"))
	if on > 1 {
		f.To = a.time(a.next("to"))
	}
	s.keys++
	if f.Key = a.get("key"); f.Key == "" {
		f.Key = strconv.Itoa(s.keys)
	}
	f.By.Text = a.get("by")
	if who != "nobody" {
		w := hospital.Who{Kind: hospital.Person, Name: hospital.Name{Text: who}}
		if sort, name, ok := strings.Cut(who, ":"); ok {
			i := slices.Index([]string{"department", "service", "unit", "protocol"}, sort)
			if i < 0 {
				a.err = errors.Join(a.err, errors.New("no such kind of people"))
			}
			w = hospital.Who{Kind: hospital.Department + hospital.WhoKind(i), Name: hospital.Name{Text: name}}
		}
		f.Who = []hospital.Who{w}
	}
	made := f.From
	if made.IsZero() || made.After(noon.Add(-time.Hour)) {
		made = noon.AddDate(0, 0, -1)
	}
	if m := a.get("made"); m != "" {
		made = a.time(m)
	}
	s.take(hospital.Fact{Reason: &f}, made)
}

func (s *script) cancel(a *args) {
	f := hospital.ReasonFact{Kind: kind(a, a.next("kind")), Patient: number(a.next("patient")), Key: a.next("key"), Void: true}
	s.take(hospital.Fact{Reason: &f}, a.time(a.next("at")))
}

func (s *script) act(a *args) {
	f := hospital.ReasonFact{Kind: kind(a, a.next("kind")), Patient: number(a.next("patient")), Key: a.next("key"), By: hospital.Name{Text: a.get("by")}}
	s.take(hospital.Fact{Reason: &f}, a.time(a.next("at")))
}

func dayOf(t time.Time) int32 { return int32(t.Unix() / 86400) }

func (s *script) staff(name string) hospital.StaffID {
	if st := s.h.StaffNamed(s.h.Ref(name)); st != nil {
		return st.ID
	}
	return 0
}

func (s *script) touched(a *args) {
	user, patient := a.next("person"), a.next("patient")
	t := judge.Touch{User: s.h.Intern(user), Staff: s.staff(user), First: noon, Looked: 2 * time.Minute}
	if patient != "none" {
		if t.Patient, _ = s.h.Find(number(patient)); t.Patient == 0 {
			a.err = errors.Join(a.err, errors.New("nobody knows this patient"))
		}
	}
	if at := a.get("at"); at != "" {
		t.First = a.time(at)
	}
	length, err := offset(or(a.get("for"), "0"))
	t.Last, t.Day = t.First.Add(length), dayOf(t.First)
	a.err = errors.Join(a.err, err)
	if l := a.get("looked"); l != "" {
		t.Looked, err = time.ParseDuration(l)
		a.err = errors.Join(a.err, err)
	}
	done := false
	for act, name := range []string{"open", "listed", "search", "write", "print", "export"} {
		n := uint32(a.number(name))
		t.Counts[act] = n
		done = done || n > 0
	}
	if !done && patient != "none" {
		t.Counts[judge.Open] = 3
	}
	if c := a.get("sensitive"); c != "" {
		t.Sensitive = []hospital.Ref{s.h.Intern(c)}
	}
	if _, t.Broke = a.named["broke"]; t.Broke {
		t.Emergency = a.get("broke")
	}
	if d := a.get("declined"); d != "" {
		t.Declined, t.DeclinedAt = true, a.time(d)
	}
	t.Automatic, t.Images = a.has("automatic"), a.has("images")
	t.Evidence = []judge.Access{{At: t.First, Act: judge.Open}, {At: t.Last, Act: judge.Open}}
	s.touch = &t
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
