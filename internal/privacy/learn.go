package privacy

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// learned is what is worked out anew every week.
type learned struct {
	at     time.Time // when; zero for never
	mates  map[hospital.StaffID][]judge.Mate
	ratios map[duty]float32
}

// duty is a department and a diagnosis.
type duty struct{ dept, diagnosis hospital.Ref }

func (l *learned) responsible(dept, diagnosis hospital.Ref) float64 {
	return float64(l.ratios[duty{dept, diagnosis}])
}

const (
	learnedDays    = 90
	leastLift      = 10
	leastShared    = 20
	leastGroup     = 3
	mostGroup      = 150
	mostOfPatient  = 60 // accounts beyond which a patient says nothing of who works with whom
	leastSupport   = 30
	leastRatio     = 5
	spreadingTurns = 20
	mostMates      = 40 // the closest
)

// relearn works out groups and duties when their time has come.
func (e *Engine) relearn() error {
	if e.learned.at.IsZero() {
		e.learned.at = e.now
		return nil
	}
	if e.now.Sub(e.learned.at) < e.cfg.Learn {
		return nil
	}
	return e.learnNow()
}

func (e *Engine) learnNow() error {
	e.learned.at, e.learnedNew = e.now, true
	today := e.dayOf(e.now.UnixMilli())
	who := map[hospital.PatientID][]hospital.StaffID{}
	staff := map[hospital.Ref]hospital.StaffID{}
	err := e.shelf.shared(today-learnedDays, today, func(user hospital.Ref, p hospital.PatientID) {
		id, known := staff[user]
		if !known {
			if st := e.house.StaffNamed(user); st != nil && st.Type != hospital.Machine {
				id = st.ID
			}
			staff[user] = id
		}
		if id == 0 {
			return
		}
		if list := who[p]; len(list) <= mostOfPatient && !slices.Contains(list, id) {
			who[p] = append(list, id)
		}
	})
	if err != nil {
		return err
	}
	e.learned.mates = groups(who)
	e.learned.ratios = e.duties(who)
	return nil
}

// tie is how much two have to do with each other.
type tie struct {
	shared int32
	weight float32 // shared patients, each counting less the more people see it
}

// groups finds those who share patients far above chance: ties, and among them groups by label propagation (Raghavan 2007), in
// a fixed order so that the same ties make the same groups.
func groups(who map[hospital.PatientID][]hospital.StaffID) map[hospital.StaffID][]judge.Mate {
	ties, seen := ties(who)
	near := map[hospital.StaffID][]judge.Mate{}
	for pair, t := range ties {
		lift := float32(float64(t.shared) * float64(len(who)) / (float64(seen[pair[0]]) * float64(seen[pair[1]])))
		if t.shared < leastShared || lift < leastLift {
			continue
		}
		near[pair[0]] = append(near[pair[0]], judge.Mate{Staff: pair[1], Lift: lift, Shared: t.shared})
		near[pair[1]] = append(near[pair[1]], judge.Mate{Staff: pair[0], Lift: lift, Shared: t.shared})
	}
	label := spread(near, ties)
	size := map[hospital.StaffID]int{}
	for _, l := range label {
		size[l]++
	}
	mates := map[hospital.StaffID][]judge.Mate{}
	for s, list := range near {
		if n := size[label[s]]; n < leastGroup || n > mostGroup {
			continue
		}
		list = slices.DeleteFunc(list, func(m judge.Mate) bool { return label[m.Staff] != label[s] })
		slices.SortFunc(list, func(a, b judge.Mate) int { return cmp.Or(cmp.Compare(b.Lift, a.Lift), cmp.Compare(a.Staff, b.Staff)) })
		if len(list) > 0 {
			mates[s] = list[:min(len(list), mostMates)]
		}
	}
	return mates
}

// ties adds up what pairs of people share. seen is of how many patients each has seen the record.
func ties(who map[hospital.PatientID][]hospital.StaffID) (ties map[[2]hospital.StaffID]tie, seen map[hospital.StaffID]int) {
	ties, seen = map[[2]hospital.StaffID]tie{}, map[hospital.StaffID]int{}
	for _, p := range slices.Sorted(maps.Keys(who)) { // sums of fractions depend on their order
		list := slices.Clone(who[p])
		slices.Sort(list)
		for i, a := range list {
			seen[a]++
			if len(list) > mostOfPatient {
				continue
			}
			for _, b := range list[i+1:] {
				t := ties[[2]hospital.StaffID{a, b}]
				t.shared++
				t.weight += 1 / float32(len(list))
				ties[[2]hospital.StaffID{a, b}] = t
			}
		}
	}
	return ties, seen
}

// spread gives each person the label that weighs most among those near, until nothing changes.
func spread(near map[hospital.StaffID][]judge.Mate, ties map[[2]hospital.StaffID]tie) map[hospital.StaffID]hospital.StaffID {
	label := map[hospital.StaffID]hospital.StaffID{}
	order := slices.Sorted(maps.Keys(near))
	for _, s := range order {
		label[s] = s
	}
	for range spreadingTurns {
		changed := false
		for _, s := range order {
			weights := map[hospital.StaffID]float32{}
			list := near[s]
			slices.SortFunc(list, func(a, b judge.Mate) int { return cmp.Compare(a.Staff, b.Staff) })
			for _, m := range list {
				weights[label[m.Staff]] += ties[[2]hospital.StaffID{min(s, m.Staff), max(s, m.Staff)}].weight
			}
			best := label[s]
			for _, l := range slices.Sorted(maps.Keys(weights)) {
				if weights[l] > weights[best] {
					best = l
				}
			}
			if best != label[s] {
				label[s], changed = best, true
			}
		}
		if !changed {
			break
		}
	}
	return label
}

// duties finds for which diagnoses a department is responsible: those of which it sees far more than of patients at large.
func (e *Engine) duties(who map[hospital.PatientID][]hospital.StaffID) map[duty]float32 {
	both, byDept, byDiagnosis := map[duty]int{}, map[hospital.Ref]int{}, map[hospital.Ref]int{}
	all := 0
	for p, list := range who {
		depts := map[hospital.Ref]struct{}{}
		for _, s := range list {
			if d := e.deptOf(s); d != 0 {
				depts[d] = struct{}{}
			}
		}
		diagnoses := e.diagnoses(p)
		all++
		for d := range depts {
			byDept[d]++
		}
		for g := range diagnoses {
			byDiagnosis[g]++
			for d := range depts {
				both[duty{d, g}]++
			}
		}
	}
	ratios := map[duty]float32{}
	for k, n := range both {
		if n < leastSupport {
			continue
		}
		ratio := float64(n) / float64(byDiagnosis[k.diagnosis]) / (float64(byDept[k.dept]) / float64(all))
		if ratio >= leastRatio {
			ratios[k] = float32(ratio)
		}
	}
	return ratios
}

func (e *Engine) diagnoses(id hospital.PatientID) map[hospital.Ref]struct{} {
	set := map[hospital.Ref]struct{}{}
	if p := e.house.Patient(id); p != nil {
		for i := range p.Visits {
			for _, g := range p.Visits[i].Diagnoses {
				set[g] = struct{}{}
			}
		}
	}
	return set
}
