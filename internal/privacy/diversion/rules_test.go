package diversion_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/diversion"
)

// Names as hospitals write them, and what is no controlled drug although it sounds so.
func TestControlled(t *testing.T) {
	r := shipped(t)
	for name, want := range map[string]string{
		"HYDROMORPHONE 2 MG/ML INJ": "hydromorphone", "MORPHINE SULFATE 10 MG": "morphine", "Morphin HCl 10 mg Amp": "morphine", "FENTANYL 100 MCG/2 ML INJ": "fentanyl", "SUFENTANIL 50 MCG": "sufentanil",
		"OXYCODONE 5 MG TAB": "oxycodone", "HYDROCODONE/APAP": "hydrocodone", "CODEINE 30 MG": "codeine", "Dipidolor 15 mg": "piritramide", "DIAZEPAM 10 MG/2 ML INJ": "diazepam", "LORAZEPAM 1 MG TAB": "lorazepam", "KETAMINE 50 MG/ML INJ": "ketamine",
		"APOMORPHINE 10 MG": "", "PARACETAMOL 1 G TAB": "", "PROPOFOL 200 MG/20 ML INJ": "", "METFORMIN 850 MG TAB": "", "": "", strings.Repeat("x", 1<<20) + "MORPHINE": "",
	} {
		got := ""
		if d := r.Controlled("D1", name); d != nil {
			got = d.Name
		}
		if got != want {
			t.Errorf("%.40q: %q, want %q", name, got, want)
		}
	}
}

// What a site writes changes single keys, and is held to the form.
func TestSite(t *testing.T) {
	load := func(text string) (*diversion.Rules, error) {
		return diversion.Load(content.Privacy(), fstest.MapFS{"diversion.yml": {Data: []byte(text)}})
	}
	if r, err := load("list: 2\nleast: {taken: 20}\n"); err != nil || r.List != 2 || r.Least.Taken != 20 || r.Least.Peers != 5 || len(r.Signs) != int(diversion.Signs) {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]string{
		"lists: 2": "line 1", "given: soon": "a time is written as", "given: -1h": "a time is written as", "drugs: [{name: x, class: y, match: '('}]": "drugs: number 1", "drugs: [{name: x, match: y}]": "drugs: number 1",
		"spread: 1": "shares below 1", "chance: 0": "between 0 and 1", "chance: .nan": "between 0 and 1", "weight: .inf": "between 0 and 1", "least: {taken: 0}": "1 at least", "window: 1h": "a day", "signs: [{id: taken, label: x, sentence: y}]": "signs are taken, ungiven",
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Every sign is told in a sentence of twenty words at most, whose numbers are filled in.
func TestSentences(t *testing.T) {
	r := shipped(t)
	for s := range diversion.Signs {
		says := r.Sentence(&diversion.Told{Sign: s, Hits: 9, Of: 14, Usual: 0.04})
		if strings.ContainsAny(says, "{}") || !strings.HasSuffix(says, ".") || len(strings.Fields(says)) > 24 || !strings.Contains(says, "9") || r.Label(s) == "" {
			t.Errorf("%q", says)
		}
	}
	if got := r.Sentence(&diversion.Told{Sign: diversion.Ungiven, Hits: 17, Of: 41, Usual: 0.04}); got != "For 17 of 41 doses no giving is on record; with others at the same cabinets it is one in 25." {
		t.Error(got)
	}
}

// limits is a house in which each limit of the file matters: a line for each thing that it says of ann, or of who is listed.
func limits(r *diversion.Rules) string {
	n := names{"ann": 1, "bob": 2, "dov": 3, "morphine": 4, "opioid": 5, "4W": 6, "mg": 7, "eve": 8}
	b := diversion.NewBook(r)
	at := 0
	add := func(lines ...string) {
		at++
		for _, l := range lines {
			b.Add(n.entry(l + fmt.Sprint(" p=", at)))
		}
	}
	add("10:00 remove ann", "11:00 given ann", "11:01 remove ann", "11:02 given bob") // given
	add("10:00 remove ann", "22:00 given ann")                                        // later
	add("10:00 remove ann", "09:45 given ann")                                        // before
	add("10:00 remove ann", "10:30 waste ann w=bob")                                  // waste
	add("10:00 remove ann", "22:00 return ann")                                       // back
	add("10:00 override ann", "10:00 ordered dov day=1")                              // order
	add("10:00 remove ann day=-1", "10:00 remove ann day=28")                         // window, wait
	return fmt.Sprint(b.Counted(monday.AddDate(0, 0, 30), asking()))
}

// Every limit is exercised: what the file says cannot be changed without something else being said.
func TestEveryLimitMatters(t *testing.T) {
	entries := func(change func(*diversion.Rules)) string {
		r := shipped(t)
		change(r)
		return limits(r)
	}
	listed := func(change func(*diversion.Rules)) string {
		r := shipped(t)
		change(r)
		var says []string
		for _, all := range [][]diversion.One{ward(24, 10), ward(40, 20), ward(11, 3), few()} {
			for _, s := range r.Suspects(all, tails()) {
				says = append(says, fmt.Sprint(s.Account, s.Chance, s.Told, len(s.Told)))
			}
		}
		return strings.Join(says, "\n")
	}
	nothing := func(*diversion.Rules) {}
	counted, told := entries(nothing), listed(nothing)
	if counted != entries(nothing) || told != listed(nothing) || told == "" {
		t.Fatal("the same is not said twice")
	}
	for name, change := range map[string]func(*diversion.Rules){
		"window": func(r *diversion.Rules) { r.Window -= r.Window / 30 }, "wait": func(r *diversion.Rules) { r.Wait *= 3 }, "given": func(r *diversion.Rules) { r.Given, r.Later = 0, 0 }, "later": func(r *diversion.Rules) { r.Later /= 2 },
		"before": func(r *diversion.Rules) { r.Before = 0 }, "waste": func(r *diversion.Rules) { r.Waste /= 2 }, "back": func(r *diversion.Rules) { r.Back /= 2 }, "order": func(r *diversion.Rules) { r.Order /= 2 },
	} {
		if entries(change) == counted {
			t.Errorf("%s changes nothing", name)
		}
	}
	for name, change := range map[string]func(*diversion.Rules){
		"taken": func(r *diversion.Rules) { r.Least.Taken = 30 }, "peers": func(r *diversion.Rules) { r.Least.Peers = 20 }, "wastes": func(r *diversion.Rules) { r.Least.Wastes = 20 }, "amounts": func(r *diversion.Rules) { r.Least.Amounts = 20 },
		"hits":  func(r *diversion.Rules) { r.Least.Hits = 30 },
		"heard": func(r *diversion.Rules) { r.Least.Heard = 0.99 }, "spread": func(r *diversion.Rules) { r.Spread = 0.2 }, "alike": func(r *diversion.Rules) { r.Alike = 0.9 }, "weight": func(r *diversion.Rules) { r.Weight = 1e6 },
		"chance": func(r *diversion.Rules) { r.Chance = 1e-12 }, "weighs": func(r *diversion.Rules) { r.Weighs = 1e-7 },
	} {
		if listed(change) == told {
			t.Errorf("%s changes nothing", name)
		}
	}
	// left, duty, settle, silent, list and again are the engine's: its tests hold them.
	text, _ := content.Privacy().Open("diversion.yml")
	defer text.Close()
	body := make([]byte, 1<<16)
	size, _ := text.Read(body)
	for _, key := range regexp.MustCompile(`(?m)^\s*([a-z]+):`).FindAllStringSubmatch(string(body[:size]), -1) {
		if !strings.Contains(" drugs window given later before waste back order left duty silent settle wait least taken peers wastes amounts hits heard spread alike weight chance list again weighs signs label sentence ", " "+key[1]+" ") {
			t.Errorf("no test holds %s", key[1])
		}
	}
}

// ward is one of twelve people, of whom the first keeps some of the doses, and wastes late.
func ward(doses, kept int) (all []diversion.One) {
	for i := range 12 {
		o := diversion.One{Station: 1, Days: 10, Signs: map[diversion.Sign][2]int{
			diversion.Taken: {doses, doses}, diversion.Ungiven: {i % 2, doses}, diversion.Late: {i % 3 / 2, 8}, diversion.Excess: {i % 4 / 3, 8}, diversion.Cancelled: {i % 2, doses},
		}}
		if i == 0 {
			o.Signs[diversion.Ungiven], o.Signs[diversion.Late], o.Signs[diversion.Excess] = [2]int{kept, doses}, [2]int{7, 8}, [2]int{6, 8}
		}
		all = append(all, o)
	}
	return all
}

// One who took something once for which no order came, in a house where that hardly happens, is not listed; one who did it three times is.
func TestOnceIsNoHabit(t *testing.T) {
	house := func(hits int) (all []diversion.One) {
		for i := range 600 {
			o := diversion.One{Station: hospital.Ref(1 + i/12), Days: 10, Signs: map[diversion.Sign][2]int{diversion.Taken: {10, 10}, diversion.Unordered: {0, 10}}}
			if i == 7 {
				o.Signs[diversion.Unordered] = [2]int{hits, 10}
			}
			all = append(all, o)
		}
		return all
	}
	r := shipped(t)
	r.Chance = 0.99 // whoever stands out at all
	for hits, want := range map[int]int{1: 0, 2: 0, 3: 1} {
		if got := r.Suspects(house(hits), tails()); len(got) != want {
			t.Errorf("%d: %d listed, want %d", hits, len(got), want)
		}
	}
	r.Least.Hits = 1
	if got := r.Suspects(house(2), tails()); len(got) == 0 {
		t.Error("the limit holds nobody back")
	}
}

// few are so few that what is assumed of signs matters.
func few() []diversion.One { return ward(20, 6)[:7] }
