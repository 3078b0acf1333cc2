package privacy

import (
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// shelf keeps what is not needed at hand: in memory, or in a database.
type shelf interface {
	// sheet returns what was put under a key, nil when nothing was. It is the caller's.
	sheet(k key) (*sheet, error)
	// put takes a sheet that is complete for now; it is written before the position moves.
	put(s *sheet)
	// remove forgets a sheet that was put into another.
	remove(k key)
	// day lists what an account did on a day.
	day(k dayKey) ([]*sheet, error)
	// ofPatient lists the sheets of one patient within days.
	ofPatient(p hospital.PatientID, from, to int32) ([]*sheet, error)
	// shared calls do with each account and patient that were together within days.
	shared(from, to int32, do func(user hospital.Ref, p hospital.PatientID)) error
	// unexplained calls do with each sheet within days that was judged and that nothing explains.
	unexplained(from, to int32, do func(s *sheet)) error
	// forget lets go of what was done before a day.
	forget(before int32)
	pair(p pairKey) (judge.Pair, error)
	setPair(k pairKey, p judge.Pair)
}

// pairKey names an account and a patient.
type pairKey struct {
	user    hospital.Ref
	patient hospital.PatientID
}

// memory is a shelf that lasts as long as the process.
type memory struct {
	sheets   map[key]*sheet
	days     map[dayKey][]*sheet
	patients map[hospital.PatientID][]*sheet
	pairs    map[pairKey]judge.Pair
}

func newMemory() *memory {
	return &memory{sheets: map[key]*sheet{}, days: map[dayKey][]*sheet{}, patients: map[hospital.PatientID][]*sheet{}, pairs: map[pairKey]judge.Pair{}}
}

func (m *memory) sheet(k key) (*sheet, error) { return m.sheets[k], nil }

func (m *memory) put(s *sheet) {
	if m.sheets[s.key] == s {
		return
	}
	m.sheets[s.key] = s
	d := dayKey{s.user, s.day}
	m.days[d] = append(m.days[d], s)
	m.patients[s.patient] = append(m.patients[s.patient], s)
}

func (m *memory) remove(k key) {
	s := m.sheets[k]
	if s == nil {
		return
	}
	delete(m.sheets, k)
	d := dayKey{k.user, k.day}
	m.days[d] = without(m.days[d], s)
	m.patients[k.patient] = without(m.patients[k.patient], s)
}

// without leaves the list as others may hold it, and returns one without s.
func without(list []*sheet, s *sheet) []*sheet {
	kept := make([]*sheet, 0, len(list))
	for _, o := range list {
		if o != s {
			kept = append(kept, o)
		}
	}
	return kept
}

func (m *memory) day(k dayKey) ([]*sheet, error) { return m.days[k], nil }

func (m *memory) ofPatient(p hospital.PatientID, from, to int32) ([]*sheet, error) {
	var found []*sheet
	for _, s := range m.patients[p] {
		if from <= s.day && s.day <= to {
			found = append(found, s)
		}
	}
	return found, nil
}

func (m *memory) shared(from, to int32, do func(hospital.Ref, hospital.PatientID)) error {
	for k, s := range m.sheets {
		if from <= k.day && k.day <= to && k.patient != 0 && s.opens() {
			do(k.user, k.patient)
		}
	}
	return nil
}

func (m *memory) unexplained(from, to int32, do func(*sheet)) error {
	for k, s := range m.sheets {
		if from <= k.day && k.day <= to && k.patient != 0 && s.state != fresh && !s.said.explained {
			do(s)
		}
	}
	return nil
}

func (m *memory) forget(int32) {} // a look at files keeps all of them

func (m *memory) pair(k pairKey) (judge.Pair, error) { return m.pairs[k], nil }
func (m *memory) setPair(k pairKey, p judge.Pair)    { m.pairs[k] = p }
