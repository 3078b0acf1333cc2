package story

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// alterations is medical data that is changed.
func alterations() []life.Story {
	return []life.Story{
		{
			ID: "F01", Title: "Twelve potassium and glucose values are changed between the laboratory and the record.",
			Days: 1, Sources: []feed.Feed{feed.TapLab, feed.TapRecord, feed.Wire}, Detector: "two points compared", Target: time.Minute, Case: true, Harm: 5, Run: told(betweenTaps),
		},
		{
			ID: "F02", Title: "Somebody lowers a dead patient's drug level in the laboratory's database.",
			Days: 4, Sources: []feed.Feed{feed.Lab, feed.LabTable}, Detector: "read-back against the seal", Target: 7 * day, Case: true, Harm: 4, Run: told(editedRow),
		},
		{
			ID: "F03", Title: "Three days after an arrest a note is written that claims to be of that night.",
			Days: 4, Sources: []feed.Feed{feed.Documents, feed.Access, feed.ADT}, Detector: "back-dated note", Target: time.Hour, Case: true, Harm: 4, Run: told(backDated),
		},
		{
			ID: "F04", Title: "After a complaint a nurse amends nine entries of the chart within twenty minutes.",
			Days: 3, Sources: []feed.Feed{feed.Documents, feed.Access, feed.Lists}, Detector: "burst of amendments after a complaint", Target: day, Case: true, Harm: 3, Run: told(amended),
		},
		{
			ID: "F05", Title: "A tumour is drawn into 22 slices of a scan that lies in the archive.",
			Days: 2, Sources: []feed.Feed{feed.ImagesSent, feed.ImagesKept, feed.Wire, feed.Archive}, Detector: "read-back of images", Target: day, Case: true, Harm: 5, Run: told(injected),
		},
		{
			ID: "F06", Title: "The numbers of two patients are exchanged on two studies in the archive.",
			Days: 2, Sources: []feed.Feed{feed.ImagesSent, feed.ImagesKept, feed.Archive}, Detector: "read-back of images", Target: day, Case: true, Harm: 5, Run: told(swapped),
		},
		{
			ID: "F10", Title: "The greatest dose of a drug in the dictionary becomes ten times as large.",
			Days: 2, Sources: []feed.Feed{feed.DrugTable}, Detector: "master data read back", Target: time.Hour, Case: true, Harm: 5, Run: told(dictionary),
		},
	}
}

// resulted is a laboratory result as a message tells it.
type resulted struct {
	control, analyser               string
	order, code, title, value, unit string
	limits, flag, status            string
}

// result is the message (ORU^R01) that tells it.
func (s *scene) result(at time.Time, p world.Person, r resulted) []byte {
	var m feed.Message
	m.Header("LIS", s.World().Authority, "EHR", "ORU^R01^ORU_R01", at.In(s.World().Zone), r.control)
	s.Patient(&m, p, at)
	if r.order == "" {
		r.order = "L" + r.control[1:]
	}
	if r.status == "" {
		r.status = "F"
	}
	m.Segment("OBR")
	m.Field(1, "1")
	m.Field(3, r.order)
	m.Field(4, r.code, r.title, "LN")
	m.Stamp(7, at.Add(-50*time.Minute).In(s.World().Zone))
	m.Field(24, "LAB-CHEM")
	m.Field(25, r.status)
	m.Segment("OBX")
	m.Field(1, "1")
	m.Field(2, "NM")
	m.Field(3, r.code, r.title, "LN")
	m.Field(5, r.value)
	m.Field(6, r.unit)
	m.Field(7, r.limits)
	m.Field(8, r.flag)
	m.Field(11, r.status)
	m.Stamp(14, at.Add(-50*time.Minute).In(s.World().Zone))
	if r.analyser != "" {
		m.Field(18, r.analyser)
	}
	return m.Bytes()
}

func betweenTaps(s *scene) {
	patients := s.known(36, nil)
	if len(patients) == 0 {
		return
	}
	from := s.around(0, 7, 40)
	for i, v := range patients {
		at := from.Add(time.Duration(i)*11*time.Minute + s.between(0, 8*time.Minute))
		r := resulted{control: fmt.Sprintf("L%09d", s.next()%1_000_000_000), code: "2823-3", title: "Potassium", unit: "mmol/L", limits: "3.5-5.1", value: fmt.Sprintf("%.1f", 5.6+s.Rand.Float64()), flag: "H"}
		changed := fmt.Sprintf("%.1f", 3.9+0.6*s.Rand.Float64())
		if i%2 == 1 {
			r.code, r.title, r.unit, r.limits, r.value, changed = "2345-7", "Glucose", "mg/dL", "70-110", fmt.Sprint(96+s.Rand.IntN(12)), fmt.Sprint(390+s.Rand.IntN(120))
			r.flag = ""
		}
		s.say(feed.TapLab, at, s.result(at, v.Person, r))
		if i%3 == 0 { // one of three is changed on its way
			s.Note(nil, []world.Person{v.Person})
			r.value = changed
			if r.flag = ""; r.code == "2345-7" {
				r.flag = "HH"
			}
		}
		arrived := at.Add(s.between(30*time.Millisecond, 400*time.Millisecond))
		message := s.Passed(s.result(at, v.Person, r), arrived)
		s.say(feed.TapRecord, arrived, message)
		s.say(feed.Wire, arrived, trace.HL7Seen(arrived, s.next(), engineIP, recordIP, mllpPort, r.control, "ORU^R01", "AA", 40*time.Millisecond, digest(message)))
	}
}

// digest is a short number for what a message says.
func digest(message []byte) uint64 {
	h := uint64(len(message))
	for len(message) >= 8 {
		h = world.Mix(h, binary.LittleEndian.Uint64(message))
		message = message[8:]
	}
	for _, c := range message {
		h = world.Mix(h, uint64(c))
	}
	return h
}

func editedRow(s *scene) {
	v := s.Known(nil)
	if v == nil {
		return
	}
	s.Note(nil, []world.Person{v.Person})
	at := s.around(0, 8, 20)
	r := resulted{control: fmt.Sprintf("L%09d", s.next()%1_000_000_000), code: "3298-7", title: "Paracetamol", unit: "ug/mL", limits: "10-30", value: "212", flag: "HH"}
	s.HL7(feed.Lab, at, s.result(at, v.Person, r))
	row := trace.ResultRow{ID: "R" + r.control[1:], Patient: s.World().MRN(v.Person), Specimen: "SP" + r.control[1:], Test: r.code, Value: r.value, Unit: r.unit, Status: "F", Version: 1, Verified: at, By: "lab12", Updated: at}
	for d := range s.days(4) {
		if d == 2 { // the value is another one; version and time are not
			row.Value = "21"
		}
		when := s.At(d, 22, 0)
		s.say(feed.LabTable, when, row.Row(when))
	}
}

func backDated(s *scene) {
	on, claimed := s.days(4)-1, s.At(0, 2, 10)
	who := s.anyOf([]string{"RN", "MA"}, func(u *world.Staff) bool {
		shift, there := s.Shift(u, -1)
		_, back := s.Shift(u, on)
		return u.Unit != nil && back && (!there || !shift.From.Before(claimed) || !shift.To.After(claimed))
	})
	if who == nil {
		return
	}
	p := s.victimOn(who.Unit)
	if p == world.None {
		return
	}
	s.Note([]*world.Staff{who}, []world.Person{p})
	s.On(on, func() {
		at := s.Duty(who, on, 0.7)
		s.Open(who, p, life.Look{At: at, What: life.Notes, Clicks: 4, For: 3 * time.Minute, Documented: true, Why: "back-dated note"})
		s.Row(who, p, feed.AccessRow{At: at.Add(4 * time.Minute), Metric: "Edit note"})
		s.Write(who, p, life.Document{Kind: "PN", Written: claimed, At: at.Add(6 * time.Minute), Text: "Patient checked, asleep, breathing regular, no distress."})
	})
}

// victimOn is somebody who lies on a unit, or else who has been a patient, or else anybody, who is then admitted there.
func (s *scene) victimOn(u *world.Unit) world.Person {
	if lying := s.Inpatients(u); len(lying) > 0 {
		return lying[s.Rand.IntN(len(lying))].Person
	}
	if v := s.Known(nil); v != nil {
		return v.Person
	}
	return world.None
}

func amended(s *scene) {
	on := s.days(3) - 1
	who := s.anyOf([]string{"RN", "MA"}, func(u *world.Staff) bool {
		_, back := s.Shift(u, on)
		return u.Unit != nil && back
	})
	if who == nil {
		return
	}
	p := s.victimOn(who.Unit)
	if p == world.None {
		return
	}
	w := s.World()
	s.Note([]*world.Staff{who}, []world.Person{p})
	var notes []string
	for i := range 9 {
		notes = append(notes, s.Write(who, p, life.Document{Kind: "PN", At: s.around(0, 9, 40*i), Text: fmt.Sprintf("Round %d: seen, comfortable.", i+1)}))
	}
	s.List(s.around(s.within(1), 8, 0), feed.ListRow{Kind: "assignment", Reference: fmt.Sprintf("COMPLAINT-%d", 100+s.Rand.IntN(900)), Patient: w.MRN(p), Authority: w.Authority, Who: "legal", WhoKind: "department", From: s.Day(1).String(), By: "legal", Status: "open"})
	s.On(on, func() {
		at := s.Duty(who, on, 0.3)
		s.Open(who, p, life.Look{At: at, What: life.Notes, Clicks: 6, For: 2 * time.Minute, Documented: true, Why: "amendments"})
		for i, n := range notes {
			when := at.Add(3*time.Minute + time.Duration(115*i)*time.Second)
			s.Row(who, p, feed.AccessRow{At: when, Metric: "Edit note"})
			s.Write(who, p, life.Document{Kind: "PN", Parent: n, Event: "T10", At: when.Add(20 * time.Second), Text: fmt.Sprintf("Round %d: seen, comfortable, alarm limits checked, pump checked.", i+1)})
		}
	})
}

// scan is the images of a study as a machine made them: n slices, each of a few grey values.
func (s *scene) scan(p world.Person, st trace.Study, n int, at time.Time) []trace.Instance {
	u, w := s.World().Human(p), s.World()
	born := strings.ReplaceAll(u.Born.String(), "-", "")
	local := at.In(w.Zone)
	all := make([]trace.Instance, n)
	for i := range all {
		pixels := make([]uint16, 16*16)
		for j := range pixels {
			pixels[j] = uint16(900 + world.Mix(s.n, uint64(i), uint64(j))%120)
		}
		all[i] = trace.Instance{Patient: s.patient(p), Name: u.Family + "^" + u.Given, Born: born, Sex: u.Sex, Study: st.UID, Series: st.UID + ".1", UID: fmt.Sprintf("%s.1.%d", st.UID, i+1),
			Accession: st.Accession, Modality: "CT", Date: local.Format("20060102"), Time: local.Format("150405"), Number: i + 1, Rows: 16, Columns: 16, Pixels: pixels, Station: "CT_ED_1",
			Manufacturer: "Example Imaging", Description: "CT chest"}
	}
	return all
}

// stored has a machine send images to the archive: the tap sees the association, the archive writes its audit.
func (s *scene) stored(at time.Time, images []trace.Instance, p world.Person, st trace.Study) {
	for i, image := range images {
		s.say(feed.ImagesSent, at.Add(time.Duration(i)*200*time.Millisecond), image.File())
	}
	end := at.Add(time.Duration(len(images)) * 200 * time.Millisecond)
	s.onWire(end, trace.Image{Command: "C-STORE", Calling: "CT_ED_1", Called: archiveAE, From: "10.40.1.17", To: archiveIP, Study: st.UID, SOPClass: st.Class, Patient: s.World().MRN(p), Status: "0000", Instances: len(images), Bytes: int64(len(images)) * 526_000})
	st.Instances = len(images)
	s.say(feed.Archive, end, trace.Audit{Event: trace.DCM("110104"), Action: "C", AE: "CT_ED_1", From: trace.From{IP: "10.40.1.17"}, Source: archiveAE, Patients: []trace.Patient{s.patient(p)}, Studies: []trace.Study{st}}.Syslog(end))
}

// readBack gives images as the archive holds them.
func (s *scene) readBack(at time.Time, images []trace.Instance) {
	for i, image := range images {
		s.say(feed.ImagesKept, at.Add(time.Duration(i)*300*time.Millisecond), image.File())
	}
}

func injected(s *scene) {
	v := s.Known(nil)
	if v == nil {
		return
	}
	const slices, first, altered = 60, 19, 22
	s.Note(nil, []world.Person{v.Person})
	at, st := s.around(0, 11, 5), s.study()
	images := s.scan(v.Person, st, slices, at)
	s.stored(at, images, v.Person, st)
	s.readBack(at.Add(30*time.Minute), images)
	for i := first; i < first+altered; i++ {
		for y := 6; y < 10; y++ {
			for x := 5; x < 9; x++ {
				images[i].Pixels[16*y+x] += 260
			}
		}
	}
	s.readBack(s.around(s.within(1), 22, 30), images)
}

func swapped(s *scene) {
	two := s.known(2, nil)
	if len(two) < 2 {
		return
	}
	s.Note(nil, persons(two))
	var kept [2][]trace.Instance
	for i, v := range two {
		at, st := s.around(0, 10+i, 15), s.study()
		kept[i] = s.scan(v.Person, st, 12, at)
		s.stored(at, kept[i], v.Person, st)
		s.readBack(at.Add(30*time.Minute), kept[i])
	}
	for i := range kept[0] {
		kept[0][i].Patient, kept[1][i].Patient = kept[1][i].Patient, kept[0][i].Patient
	}
	late := s.around(s.within(1), 22, 30)
	s.readBack(late, kept[0])
	s.readBack(late.Add(time.Minute), kept[1])
}

func dictionary(s *scene) {
	row := trace.DrugRow{ID: "D0402", Name: "MORPHINE 10 MG/ML INJ", Strength: "10", StrengthUnit: "mg/mL", MaxSingle: "10", MaxDaily: "120", DoseUnit: "mg", Route: "IV", Updated: s.At(-210, 9, 0), By: "pharm2"}
	other := trace.DrugRow{ID: "D0991", Name: "HEPARIN INJ", Strength: "5000", StrengthUnit: "IU/mL", MaxSingle: "10000", MaxDaily: "40000", DoseUnit: "IU", Route: "IV", Updated: s.At(-180, 9, 0), By: "pharm2"}
	changed := s.around(s.within(1), 1, 52)
	for hour := range 24 * s.days(2) {
		at := s.At(0, hour, 30)
		if row.MaxSingle == "10" && at.After(changed) {
			row.MaxSingle, row.MaxDaily, row.Updated, row.By = "100", "1200", changed, "svc_dict"
		}
		s.say(feed.DrugTable, at, row.Row(at))
		s.say(feed.DrugTable, at, other.Row(at))
	}
}
