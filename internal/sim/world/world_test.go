package world_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/sim/world"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func made(t testing.TB, size world.Size, seed uint64) *world.World {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.New(size, seed, 0, zone, monday)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestHouseholdsHoldTogether: who lives together has one address and one telephone, and mostly one name.
func TestHouseholdsHoldTogether(t *testing.T) {
	w, r := made(t, world.Mid, 1), made(t, world.Mid, 1).Rand(1)
	people, same, members := 0, 0, 0
	for range 3000 {
		p := w.Draw(r)
		u, home := w.Human(p), w.Household(p)
		members += len(home)
		for _, other := range home {
			o := w.Human(other)
			if o.Street != u.Street || o.Postcode != u.Postcode || o.Phone != u.Phone || o.East != u.East || o.North != u.North {
				t.Fatal("a household has two addresses")
			}
			people++
			if o.Family == u.Family {
				same++
			}
		}
		for _, n := range w.Neighbours(p, 10, 4) {
			if o := w.Human(n); o.Road != u.Road || max(o.Number-u.Number, u.Number-o.Number) > 10 || n>>3 == p>>3 {
				t.Fatal("a neighbour lives elsewhere, or in the same household")
			}
		}
		if a := w.Partner(p); a == p || a != world.None && w.Partner(a) != p {
			t.Fatal("a partner has another partner")
		}
	}
	if share := float64(same) / float64(people); share < 0.85 || share > 0.99 {
		t.Errorf("%.2f of those who live together have one name", share)
	}
}

// TestNumbersAreNobodyElses looks for two people with one number.
func TestNumbersAreNobodyElses(t *testing.T) {
	w := made(t, world.Full, 3)
	seen := map[string]world.Person{}
	for h := range int64(120_000) {
		for _, p := range w.Household(world.Person(h << 3 * 6 % (800_000 << 3) &^ 7)) {
			if w.MRN(p) == w.Second(p) {
				t.Fatal("the second number is the first")
			}
			for _, n := range []string{w.MRN(p), w.Second(p)} {
				if len(n) != 8 {
					t.Fatalf("a number of %d digits", len(n))
				}
				if other, ok := seen[n]; ok && other != p {
					t.Fatal("two people have one number")
				}
				seen[n] = p
			}
		}
	}
	staff := map[any]bool{}
	for _, s := range w.Staff {
		for _, id := range []any{s.Number, s.Login, s.Person} {
			if staff[id] {
				t.Fatal("two of the staff share a number, a login or a person")
			}
			staff[id] = true
		}
		if w.Login(s.Login) != s || w.Worker(s.Person) != s {
			t.Fatal("somebody of the staff is not found again")
		}
		if age := w.Age(s.Person); age < 21 || age > 66 {
			t.Fatalf("somebody of %d years works here", age)
		}
	}
}

// TestFamilyNamesFollowZipf: the most frequent name is about as frequent as the next two together, and most are rare.
func TestFamilyNamesFollowZipf(t *testing.T) {
	w := made(t, world.Full, 1)
	r, count := w.Rand(2), map[string]int{}
	const n = 60_000
	for range n {
		count[w.Human(w.Draw(r)).Family]++
	}
	first, second := count[world.Surname(0)], count[world.Surname(1)]
	if ratio := float64(first) / float64(second); math.Abs(ratio-1.7) > 0.6 {
		t.Errorf("the first name is %.1f times as frequent as the second", ratio)
	}
	if len(count) < 5000 {
		t.Errorf("only %d names among %d people", len(count), n)
	}
}

// TestWardsAreNeverAlone walks through two weeks of rosters: at every hour every ward has nurses, and the emergency department
// has doctors.
func TestWardsAreNeverAlone(t *testing.T) {
	w := made(t, world.Mid, 1)
	before := w.Roster(w.From - 1)
	for d := w.From; d < w.From+14; d++ {
		today := w.Roster(d)
		for hour := range 24 {
			at := w.At(d, hour, 30)
			on := map[*world.Unit]map[string]int{}
			for _, r := range []*world.Roster{before, today} {
				for _, sh := range r.Shifts {
					if !at.Before(sh.From) && at.Before(sh.To) {
						if on[sh.Unit] == nil {
							on[sh.Unit] = map[string]int{}
						}
						on[sh.Unit][sh.Staff.Job.Family]++
					}
				}
			}
			for _, u := range w.Wards() {
				if n := on[u]["nursing"]; n < 3 || n > 22 {
					t.Fatalf("%v %d h: %d nurses on %s", d, hour, n, u.Code)
				}
			}
			if on[w.Unit("ED")]["physician"] < 1 {
				t.Fatalf("%v %d h: no doctor in the emergency department", d, hour)
			}
		}
		before = today
	}
}

// TestStaffAreAsMany as a hospital of their size has, and some come and go.
func TestStaffAreAsMany(t *testing.T) {
	for _, test := range []struct {
		size                  world.Size
		least, most           int // active
		comeAndGo             bool
		wards, beds, accounts int
	}{{world.Clinic, 9, 13, false, 0, 0, 11}, {world.Mid, 1500, 1900, true, 8, 200, 2300}, {world.Full, 7500, 8500, true, 36, 1008, 11_000}} {
		w := made(t, test.size, 1)
		active, come, gone, remote, agency := 0, 0, 0, 0, 0
		for _, s := range w.Staff {
			if s.Employed(w.From + 3) {
				active++
			}
			if s.Start != 0 {
				come++
			}
			if s.End != 0 && s.Job.Pattern != world.Never {
				gone++
			}
			if s.Remote {
				remote++
			}
			if s.Employment == "agency" {
				agency++
			}
		}
		if active < test.least || active > test.most || len(w.Staff) < test.accounts {
			t.Errorf("%s: %d active of %d", test.size, active, len(w.Staff))
		}
		if (come > 0 && gone > 0) != test.comeAndGo {
			t.Errorf("%s: %d come, %d go", test.size, come, gone)
		}
		if len(w.Wards()) != test.wards || w.Beds != test.beds {
			t.Errorf("%s: %d wards, %d beds", test.size, len(w.Wards()), w.Beds)
		}
		t.Logf("%s: %d active of %d, %d units, %d come, %d go, %d work from home, %d of agencies", test.size, active, len(w.Staff), len(w.Units), come, gone, remote, agency)
	}
}

// TestSameSeedSameWorld makes a world twice.
func TestSameSeedSameWorld(t *testing.T) {
	one, two, other := made(t, world.Mid, 5), made(t, world.Mid, 5), made(t, world.Mid, 6)
	different := 0
	for i, s := range one.Staff {
		if !reflect.DeepEqual(s.Human, two.Staff[i].Human) || s.Login != two.Staff[i].Login {
			t.Fatal("the same seed makes other people")
		}
		if i < len(other.Staff) && s.Login != other.Staff[i].Login {
			different++
		}
	}
	if different < len(one.Staff)*9/10 {
		t.Error("another seed makes the same people")
	}
}
