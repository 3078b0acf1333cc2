package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// insertions is what is forged, merged or deleted, and what is done to the proof itself.
func insertions() []life.Story {
	return []life.Story{
		{
			ID: "F07", Title: "A celebrity's record is merged with a stranger's and taken apart again two days later.",
			Days: 4, Sources: []feed.Feed{feed.ADT}, Detector: "review of merges", Target: day, Case: true, Harm: 4, Run: told(wrongMerge),
		},
		{
			ID: "F08", Title: "A study is deleted from the archive, and the rows of the audit about it as well.",
			Days: 3, Sources: []feed.Feed{feed.Archive, feed.Counts, feed.Wire}, Detector: "read-back: a study and rows are missing", Target: day, Case: true, Harm: 4, Run: told(deletedStudy),
		},
		{
			ID: "F09", Title: "One account enters sixty vaccinations of people who were never here for one.",
			Days: 1, Sources: []feed.Feed{feed.Vaccines, feed.Portal}, Detector: "no appointment, no drug given", Target: day, Case: true, Harm: 3, Run: told(forgedVaccinations),
		},
		{
			ID: "F11", Title: "An operator replaces the history of Wardline's own log from some entry on.",
			Days: 1, Sources: []feed.Feed{feed.Witness}, Detector: "the witness refuses", Target: 5 * time.Minute, Case: true, Harm: 4, Run: told(rewritten),
		},
		{
			ID: "F12", Title: "An image arrives whose first bytes make it a program as well.",
			Days: 1, Sources: []feed.Feed{feed.Wire, feed.ImagesSent, feed.Archive}, Detector: "preamble of an image", Target: time.Minute, Case: true, Harm: 3, Run: told(polyglot),
		},
	}
}

func wrongMerge(s *scene) {
	by := s.anyOf([]string{"HIM", "FD", "REG"}, nil)
	star, other := s.grownUp(), s.grownUp()
	if by == nil || star == world.None || other == star {
		return
	}
	s.Note([]*world.Staff{by}, []world.Person{star, other})
	s.Stay(star, life.Stay{Class: 'O', VIP: true, From: s.At(0, 9, 0)})
	s.Stay(other, life.Stay{Class: 'O', From: s.At(0, 10, 30)})
	last, first := s.within(3), s.within(1)
	s.On(first, func() { s.Update(by, other, star, s.Duty(by, first, 0.6), "A40") })
	s.On(last, func() { s.Update(by, other, star, s.Duty(by, last, 0.8), "A37") })
}

func deletedStudy(s *scene) {
	v := s.Known(nil)
	if v == nil {
		return
	}
	s.Note(nil, []world.Person{v.Person})
	at, gone := s.around(0, 9, 40), s.study()
	stored := func(at time.Time, st trace.Study, p trace.Patient) {
		s.onWire(at, trace.Image{Command: "C-STORE", Calling: "CT_ED_1", Called: archiveAE, From: "10.40.1.17", To: archiveIP, Study: st.UID, SOPClass: st.Class, Patient: p.MRN, Accession: st.Accession, Status: "0000", Instances: st.Instances, Bytes: int64(st.Instances) * 526_000})
		s.say(feed.Archive, at, trace.Audit{Event: trace.DCM("110104"), Action: "C", AE: "CT_ED_1", From: trace.From{IP: "10.40.1.17"}, Source: archiveAE, Patients: []trace.Patient{p}, Studies: []trace.Study{st}}.Syslog(at))
	}
	stored(at, gone, s.patient(v.Person))
	others := s.known(5, func(o *life.Visit) bool { return o.Person != v.Person })
	var kept []trace.Study
	for i, o := range others {
		kept = append(kept, s.study())
		stored(at.Add(minutes(float64(20*(i+1)))), kept[i], s.patient(o.Person))
	}
	first := 880_000 + s.Rand.Uint64N(9_000)
	rows := uint64(4_200)
	for d := range s.days(3) {
		read := s.At(d, 22, 0)
		n, total := gone.Instances, int(rows)
		if d > 0 { // in between both are gone: no study, no deletion in the audit, and a hole in its numbers
			n, total = 0, int(rows)-3
		}
		s.say(feed.Counts, read, trace.Count(read, archiveAE, "study", gone.UID, n, 0, 0))
		for _, st := range kept {
			s.say(feed.Counts, read, trace.Count(read, archiveAE, "study", st.UID, st.Instances, 0, 0))
		}
		s.say(feed.Counts, read, trace.Count(read, archiveAE, "audit-rows", s.Day(0).String(), total, first, first+rows-1))
	}
}

func forgedVaccinations(s *scene) {
	const n = 60
	by := s.anyOf([]string{"MA", "RN"}, nil)
	if by == nil {
		return
	}
	w := s.World()
	at := s.Duty(by, 0, 0.3)
	var victims []world.Person
	for range n {
		p := s.Stranger(func(p world.Person) bool { return s.adult(p) && s.apart(by, p) })
		if p == world.None {
			break
		}
		victims = append(victims, p)
	}
	s.Note([]*world.Staff{by}, victims)
	for i, p := range victims {
		when := at.Add(time.Duration(70*i) * time.Second)
		given := when.AddDate(0, 0, -3-i%40)
		var m feed.Message
		m.Header("EHR", w.Authority, "REGISTRY", "VXU^V04^VXU_V04", when.In(w.Zone), fmt.Sprintf("V%09d", s.next()%1_000_000_000))
		s.Patient(&m, p, when)
		m.Segment("ORC")
		m.Field(1, "RE")
		m.Field(3, fmt.Sprintf("IM%08d", s.next()%100_000_000))
		m.Field(10, by.Number, by.Human.Family, by.Human.Given, "", "", "", "", "", w.Authority)
		m.Segment("RXA")
		m.Field(1, "0")
		m.Field(2, "1")
		m.Stamp(3, given.In(w.Zone))
		m.Stamp(4, given.In(w.Zone))
		m.Field(5, "208", "SARS-COV-2 vaccine", "CVX")
		m.Field(6, "0.3")
		m.Field(7, "mL")
		m.Field(10, by.Number, by.Human.Family, by.Human.Given, "", "", "", "", "", w.Authority)
		m.Field(15, fmt.Sprintf("LOT%04d", 100+i%3))
		m.Field(20, "CP")
		s.HL7(feed.Vaccines, when, m.Bytes())
		s.say(feed.Portal, when, trace.Interaction{ID: s.next(), Request: trace.UUID(s.next()), Kind: "create", Who: account(by), Client: "record-system", From: trace.From{IP: recordIP},
			Patient: w.MRN(p), Authority: w.Authority, What: fmt.Sprintf("Immunization/%d", s.next()%10_000_000)}.AuditEvent(when))
	}
}

func rewritten(s *scene) {
	at := s.At(0, 12, 0)
	ask := func(at time.Time, status int) {
		s.say(feed.Witness, at, trace.Request{Server: "witness", Client: "alder/wardline/1", From: trace.From{IP: gatewayIP}, Method: "POST", Host: "witness.example.org", Path: "/add-checkpoint",
			Status: status, Sent: 900, Bytes: 260, Took: 30 * time.Millisecond, ID: trace.UUID(s.next())}.Line(at))
	}
	for i := range 24 { // every five minutes; from the thirteenth on the history is another one
		when := at.Add(time.Duration(i) * 5 * time.Minute)
		switch {
		case i < 12:
			ask(when, 200)
		case i == 12:
			ask(when, 409)
			ask(when.Add(time.Second), 422)
		default:
			ask(when, 422)
		}
	}
}

func polyglot(s *scene) {
	v := s.Known(nil)
	if v == nil {
		return
	}
	s.Note(nil, []world.Person{v.Person})
	at, st := s.around(0, 15, 22), s.study()
	images := s.scan(v.Person, st, 3, at)
	// The header of a program for DOS and Windows, and where its next part would begin.
	images[1].Preamble = append([]byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"), make([]byte, 46)...)
	images[1].Preamble = append(images[1].Preamble, 0x00, 0x04, 0x00, 0x00)
	s.stored(at, images, v.Person, st)
	s.onWire(at.Add(400*time.Millisecond), trace.Image{Command: "C-STORE", Calling: "CT_ED_1", Called: archiveAE, From: "10.40.1.17", To: archiveIP, Study: st.UID, SOPClass: st.Class, Status: "0000", Instances: 1, Preamble: "4d5a90000300"})
}
