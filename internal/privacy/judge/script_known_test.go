package judge_test

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// known reads what the room has learned.
func (s *script) known(a *args) {
	k := &s.k
	if p := a.get("pair"); p != "" { // E09/-11/20: the template, its weight, how many days ago
		parts := strings.Split(p, "/")
		w, err := strconv.ParseFloat(parts[1], 32)
		ago, err2 := strconv.Atoi(parts[2])
		a.err = errors.Join(a.err, err, err2)
		k.Pair = judge.Pair{Settled: dayOf(noon) - int32(ago), Weight: float32(w), Template: parts[0]}
	}
	if m := a.get("mate"); m != "" { // name/lift/shared
		parts := strings.Split(m, "/")
		lift, err := strconv.ParseFloat(parts[1], 32)
		shared, err2 := strconv.Atoi(parts[2])
		a.err = errors.Join(a.err, err, err2)
		k.Mates = append(k.Mates, judge.Mate{Staff: s.staff(parts[0]), Lift: float32(lift), Shared: int32(shared)})
	}
	if r := a.get("responsible"); r != "" { // department/diagnosis/ratio
		parts := strings.Split(r, "/")
		ratio, err := strconv.ParseFloat(parts[2], 64)
		a.err = errors.Join(a.err, err)
		dept, code := s.h.Intern(parts[0]), s.h.Intern(parts[1])
		k.Responsible = func(d, c hospital.Ref) float64 {
			if d == dept && c == code {
				return ratio
			}
			return 0
		}
	}
	if r := a.get("rate"); r != "" { // flag/share of touches, and if any were upheld /with the flag/in all
		parts := append(strings.Split(r, "/"), "")
		share, err := strconv.ParseFloat(parts[1], 64)
		a.err = errors.Join(a.err, err)
		k.Rates = &judge.Rates{Touches: 1e9, Flags: map[string]float64{parts[0]: share}, Upheld: map[string]float64{}}
		if parts[2] != "" {
			upheld, err := strconv.ParseFloat(parts[2], 64)
			all, err2 := strconv.Atoi(parts[3])
			a.err = errors.Join(a.err, err, err2)
			k.Rates.Upheld[parts[0]], k.Rates.UpheldCases = upheld, all
		}
	}
	for _, name := range []string{"bare", "without"} { // flags, or departments and the house, each with its share of touches that nothing explains: F06/0.02,F10/0.1
		for r := range strings.SplitSeq(a.get(name), ",") {
			what, text, ok := strings.Cut(r, "/")
			if !ok {
				continue
			}
			share, err := strconv.ParseFloat(text, 64)
			a.err = errors.Join(a.err, err)
			if k.Rates == nil {
				k.Rates = &judge.Rates{Touches: 1e9, Flags: map[string]float64{}, Upheld: map[string]float64{}}
			}
			switch {
			case name == "bare":
				k.Rates.Bare, k.Rates.BareFlags = 1e9, with(k.Rates.BareFlags, what, share)
			case what == "house":
				k.Rates.Unexplained = with(k.Rates.Unexplained, hospital.Ref(0), share)
			default:
				k.Rates.Unexplained = with(k.Rates.Unexplained, s.h.Intern(what), share)
			}
		}
	}
	if n := a.get("days"); n != "" {
		k.Pair.Count = uint32(a.number("days"))
	}
	k.News = k.News || a.has("news")
	for name, into := range map[string]*int{
		"others": &k.Others, "readers": &k.Readers, "upheld-user": &k.UpheldUser, "upheld-patient": &k.UpheldPatient, "patients": &k.Work.Patients,
		"searches": &k.Work.Searches, "unopened": &k.Work.Unopened, "faces": &k.Work.Faces, "prints": &k.Work.Prints,
		"exported": &k.Work.Exported, "images": &k.Work.Images, "shared": &k.Work.Shared, "shared-before": &k.Work.SharedBefore, "shared-ago": &k.Work.SharedAgo,
		"guessed": &k.Work.Guessed, "bare-patients": &k.Work.Bare, "dormant": &k.Work.Dormant,
	} {
		if a.get(name) != "" {
			*into = int(a.number(name))
		}
	}
	for name, into := range map[string]*float64{
		"limit": &k.Work.Limit, "chance": &k.Work.Chance, "faces-odds": &k.Work.FacesOdds, "prints-top": &k.Work.PrintsTop, "prints-odds": &k.Work.PrintsOdds,
		"hour": &k.Work.Hour, "rare": &k.Work.Rare, "usual": &k.Usual, "bare-odds": &k.Work.BareOdds, "bareness": &k.Work.Bareness,
	} {
		if a.get(name) != "" {
			*into = a.number(name)
		}
	}
	for name, into := range map[string]*bool{
		"creeping": &k.Work.Creeping, "stranger": &k.Work.Stranger, "log-viewed": &k.Work.LogViewed, "log-off": &k.Work.LogOff,
		"odd": &k.Work.Odd, "bulk": &k.Work.Bulk, "scraped": &k.Work.Scraped, "away": &k.Work.Away,
	} {
		*into = *into || a.has(name)
	}
	if sweep := a.get("sweep"); sweep != "" {
		k.Work.Sweep = sweep
	}
	if travel := a.get("travel"); travel != "" {
		k.Work.Travel = judge.Travel{Kind: travel, Gap: 20 * time.Minute}
	}
}

// with is m with one entry more.
func with[K comparable](m map[K]float64, name K, share float64) map[K]float64 {
	if m == nil {
		m = map[K]float64{}
	}
	m[name] = share
	return m
}
