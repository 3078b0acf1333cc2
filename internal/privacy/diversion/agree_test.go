package diversion_test

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// monday is where stories begin.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func shipped(t testing.TB) *diversion.Rules {
	t.Helper()
	r, err := diversion.Load(content.Privacy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tails() diversion.Chance {
	return diversion.Chance{Hits: chance.HitsAtLeastVarying, Count: chance.AtLeast}
}

// names numbers names, the same each time.
type names map[string]hospital.Ref

func (n names) of(name string) hospital.Ref {
	if name != "" && n[name] == 0 {
		n[name] = hospital.Ref(len(n) + 1)
	}
	return n[name]
}

func asking() *diversion.Asking {
	return &diversion.Asking{
		Chance: tails(), Who: func(u hospital.Ref) diversion.Person { return diversion.Person{User: u} },
		Current: func(p hospital.PatientID) hospital.PatientID { return p }, Heard: func(time.Time) bool { return true },
	}
}

// entry reads "10:00 remove ann key=value": day, patient (p), drug, amount (n), unit, order (o), witness (w), and the marks left, here, off, on.
func (n names) entry(line string) diversion.Entry {
	words := strings.Fields(line)
	clock, err := time.Parse("15:04", words[0])
	if err != nil {
		panic(err)
	}
	at := monday.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
	kinds := map[string]diversion.Kind{"remove": diversion.Remove, "override": diversion.Override, "waste": diversion.Waste, "return": diversion.Return, "cancel": diversion.Cancel,
		"given": diversion.Given, "revoked": diversion.Revoked, "ordered": diversion.Ordered}
	e := diversion.Entry{Kind: kinds[words[1]], User: n.of(words[2]), Patient: 1, Drug: n.of("morphine"), Class: n.of("opioid"), Station: n.of("4W")}
	for _, w := range words[3:] {
		k, v, _ := strings.Cut(w, "=")
		number, _ := strconv.ParseFloat(v, 64)
		switch k {
		case "day":
			at = at.AddDate(0, 0, int(number))
		case "p":
			e.Patient = hospital.PatientID(number)
		case "drug":
			e.Drug = n.of(v)
		case "n":
			e.Amount, e.Unit = number, n.of("mg")
		case "unit":
			e.Unit = n.of(v)
		case "o":
			e.Order = uint64(number)
		case "w":
			e.Witness = n.of(v)
		case "left":
			e.Marks |= diversion.Known | diversion.Left
		case "here":
			e.Marks |= diversion.Known
		case "off":
			e.Marks |= diversion.Rostered | diversion.Off
		case "on":
			e.Marks |= diversion.Rostered
		default:
			panic(w)
		}
	}
	e.At = at.UnixMilli()
	h := fnv.New64a()
	h.Write([]byte(line))
	e.ID = h.Sum64()
	return e
}

// Each is worked out by hand: what happens, and what is counted of ann by it.
func TestWhatIsCounted(t *testing.T) {
	for _, c := range []struct{ what, happens, want string }{
		{"given in time", "10:00 remove ann; 11:00 given ann", "taken 1/1, ungiven 0/1"},
		{"written down late", "10:00 remove ann; 11:01 given ann", "taken 1/1, ungiven 0/1"},
		{"a minute too late for anything", "10:00 remove ann; 22:01 given ann", "taken 1/1, ungiven 1/1"},
		{"what answers the next dose in time answers no earlier one", "10:00 remove ann; 14:00 remove bob; 14:10 given bob", "taken 1/1, ungiven 1/1"},
		{"by a colleague", "10:00 remove ann; 10:20 given bob", "taken 1/1, ungiven 0/1"},
		{"by a clock that is slow", "10:00 remove ann; 09:45 given ann", "taken 1/1, ungiven 0/1"},
		{"before it was taken out", "10:00 remove ann; 09:44 given ann", "taken 1/1, ungiven 1/1"},
		{"to another patient", "10:00 remove ann; 10:20 given ann p=2", "taken 1/1, ungiven 1/1"},
		{"another drug", "10:00 remove ann; 10:20 given ann drug=fentanyl", "taken 1/1, ungiven 1/1"},
		{"one giving answers one dose", "10:00 remove ann; 10:05 remove ann; 10:20 given ann", "taken 2/2, ungiven 1/2"},
		{"each answers one: the earlier giving the earlier dose", "10:00 remove ann; 10:40 remove ann; 10:50 given ann; 11:30 given ann", "taken 2/2, ungiven 0/2"},
		{"a mistake on record", "10:00 remove ann; 10:20 given ann o=7; 10:20 revoked ann o=7", "taken 1/1, ungiven 1/1"},
		{"brought back", "10:00 remove ann; 13:00 return ann", "taken 1/1, ungiven 0/1"},
		{"brought back by a colleague", "10:00 remove ann; 13:00 return bob", "taken 1/1, ungiven 0/1"},
		{"brought back half a day later", "10:00 remove ann; 22:01 return ann", "taken 1/1, ungiven 1/1"},
		{"wasted as a whole", "10:00 remove ann n=10; 10:20 waste ann n=10 w=bob", "taken 1/1, ungiven 0/1, late 0/1, alone 0/1"},
		{"a part of it wasted", "10:00 remove ann n=10; 10:20 waste ann n=4 w=bob", "taken 1/1, ungiven 1/1, late 0/1, alone 0/1"},
		{"more than was given", "10:00 remove ann n=10; 10:20 given ann n=4", "taken 1/1, ungiven 0/1, excess 1/1"},
		{"the rest of it wasted", "10:00 remove ann n=10; 10:20 given ann n=4; 10:25 waste ann n=6 w=bob", "taken 1/1, ungiven 0/1, excess 0/1, late 0/1, alone 0/1"},
		{"amounts in two units", "10:00 remove ann n=10; 10:20 given ann n=4 unit=ml", "taken 1/1, ungiven 0/1"},
		{"more than was ordered", "10:00 remove ann n=10 o=5; 09:00 ordered dov n=5 o=5", "taken 1/1, ungiven 1/1, excess 1/1"},
		{"wasted late", "10:00 remove ann; 10:31 waste ann w=bob", "taken 1/1, ungiven 1/1, late 1/1, alone 0/1"},
		{"wasted in time", "10:00 remove ann; 10:30 waste ann w=bob", "taken 1/1, ungiven 1/1, late 0/1, alone 0/1"},
		{"wasted alone", "10:00 remove ann; 10:10 waste ann", "taken 1/1, ungiven 1/1, late 0/1, alone 1/1"},
		{"one is no witness of oneself", "10:00 remove ann; 10:10 waste ann w=ann", "taken 1/1, ungiven 1/1, late 0/1, alone 1/1"},
		{"three before bob and one before eve: the first says nothing yet", "10:00 waste ann w=bob; 10:01 waste ann w=bob; 10:02 waste ann w=bob; 10:03 waste ann w=eve", "alone 0/4, witness 2/3"},
		{"without an order", "10:00 override ann; 10:10 given ann", "taken 1/1, ungiven 0/1, override 1/1"},
		{"ordered afterwards", "10:00 override ann; 10:10 given ann; 11:00 ordered dov", "taken 1/1, ungiven 0/1"},
		{"ordered two days later", "10:00 override ann; 10:10 given ann; 11:00 ordered dov day=2", "taken 1/1, ungiven 0/1, override 1/1"},
		{"cancelled", "10:00 cancel ann; 10:01 remove ann; 10:20 given ann", "taken 1/1, ungiven 0/1, cancelled 1/2"},
		{"who had left, and another who is there", "10:00 remove ann left; 10:20 given ann; 11:00 remove ann here p=2; 11:20 given ann p=2", "taken 2/2, ungiven 0/2, gone 1/2"},
		{"two doses for one who had left count once", "10:00 remove ann left; 10:20 given ann; 11:00 remove ann left; 11:20 given ann", "taken 2/2, ungiven 0/2, gone 1/1"},
		{"who had left, and it came back", "10:00 remove ann left; 10:20 return ann", "taken 1/1, ungiven 0/1, gone 0/1"},
		{"off duty, and on the next day on", "10:00 remove ann off; 10:20 given ann; 11:00 remove ann on day=1; 11:20 given ann day=1", "taken 2/2, ungiven 0/2, off 1/2"},
		{"a day off duty counts once", "10:00 remove ann off; 10:20 given ann; 11:00 remove ann off; 11:20 given ann", "taken 2/2, ungiven 0/2, off 1/1"},
		{"too young: what is given may be written down late", "10:00 remove ann day=29; 10:00 remove bob", ""},
		{"too old", "10:00 remove ann day=-2; 10:00 remove bob", ""},
	} {
		n := names{}
		b := diversion.NewBook(shipped(t))
		for line := range strings.SplitSeq(c.happens, ";") {
			b.Add(n.entry(strings.TrimSpace(line)))
		}
		got := b.Counted(monday.AddDate(0, 0, 30), asking())[n.of("ann")]
		// What is counted of every dose, and never the case in most of these, is left out.
		for _, dull := range []string{"override 0/", "cancelled 0/", "excess 0/0", "witness 0/0"} {
			got = without(got, dull)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func without(list, prefix string) string {
	var kept []string
	for part := range strings.SplitSeq(list, ", ") {
		if !strings.HasPrefix(part, prefix) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ", ")
}

// A file that comes twice, in any order, counts once.
func TestOnce(t *testing.T) {
	happens := []string{"10:00 remove ann", "10:20 given ann", "11:00 remove ann", "12:00 waste ann w=bob", "12:00 override ann p=2", "13:00 ordered dov p=2", "14:00 remove bob", "14:30 return bob"}
	said := func(order []int) string {
		n, b := names{"ann": 1, "bob": 2, "dov": 3, "morphine": 4, "opioid": 5, "4W": 6}, diversion.NewBook(shipped(t))
		for _, i := range order {
			b.Add(n.entry(happens[i]))
		}
		return fmt.Sprint(b.Counted(monday.AddDate(0, 0, 8), asking()))
	}
	want := said([]int{0, 1, 2, 3, 4, 5, 6, 7})
	for _, order := range [][]int{{7, 6, 5, 4, 3, 2, 1, 0}, {3, 1, 4, 1, 5, 0, 2, 6, 5, 3, 7, 0, 0}, {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7}} {
		if got := said(order); got != want {
			t.Errorf("%v: %s, want %s", order, got, want)
		}
	}
}

// When the record says nothing around a dose, that it has no giving says nothing.
func TestSilentRecord(t *testing.T) {
	n, b := names{}, diversion.NewBook(shipped(t))
	b.Add(n.entry("10:00 remove ann"))
	b.Add(n.entry("15:00 override ann"))
	a := asking()
	a.Heard = func(at time.Time) bool { return at.Hour() < 12 }
	if got := b.Counted(monday.AddDate(0, 0, 8), a)[n.of("ann")]; !strings.Contains(got, "ungiven 1/1") || !strings.Contains(got, "override 0/1") {
		t.Error(got)
	}
}

// A Book asks of each removal once, in the slot after it is due, and lets go of what no window reaches.
func TestDueAndForgotten(t *testing.T) {
	n, b := names{}, diversion.NewBook(shipped(t))
	e := n.entry("10:00 remove ann")
	e.Due = e.At + 2*60*60*1000
	b.Add(e)
	b.Add(n.entry("10:10 given ann"))
	for _, c := range []struct {
		clock string
		want  int
	}{{"12:00", 0}, {"12:09", 0}, {"12:10", 1}, {"12:20", 0}} {
		at, _ := time.Parse("15:04", c.clock)
		if got := len(b.Due(monday.Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute))); got != c.want {
			t.Errorf("%s: %d are due, want %d", c.clock, got, c.want)
		}
	}
	b.Forget(monday.AddDate(0, 0, 39))
	if b.Len() != 2 {
		t.Errorf("%d are left after 39 days, want 2", b.Len())
	}
	b.Forget(monday.AddDate(0, 0, 40))
	if b.Len() != 0 || b.Add(e) != nil || b.Refused != 1 {
		t.Errorf("%d are left after 40 days, %d refused", b.Len(), b.Refused)
	}
}

// Those who work at two cabinets, or take two classes of drugs, are held against those of each: who takes from the cabinet whose record is bad is as
// good as the others there, and who does the same at the other stands out.
func TestTwoCabinets(t *testing.T) {
	n, b := names{}, diversion.NewBook(shipped(t))
	for i := range 16 {
		station, bad := "4W", 0
		if i >= 8 {
			station, bad = "5E", 10
		}
		for dose := range 20 {
			e := n.entry(fmt.Sprintf("%02d:%02d remove nurse%d day=%d p=%d", 8+dose%10, i, i, dose, 1+i))
			e.Station, e.Class = n.of(station), n.of([]string{"opioid", "other"}[dose%2*(i%2)])
			b.Add(e)
			if dose < bad || i == 3 && dose < 10 {
				continue
			}
			e.Kind, e.At, e.ID = diversion.Given, e.At+60_000, e.ID+1
			b.Add(e)
		}
	}
	var got []hospital.Ref
	for _, s := range b.Assess(monday.AddDate(0, 0, 25), asking()) {
		got = append(got, s.Account)
	}
	if len(got) != 1 || got[0] != n.of("nurse3") {
		t.Errorf("%v, want %v", got, n.of("nurse3"))
	}
}
