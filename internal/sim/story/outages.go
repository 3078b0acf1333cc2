package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// outages is what stops without anybody's ill will.
func outages() []life.Story {
	return []life.Story{
		{
			ID: "D01", Title: "On a Saturday night a firewall rule cuts off the laboratory's results; everything else goes on.",
			Days: 7, Sources: []feed.Feed{feed.Lab, feed.Connections, feed.Engine}, Detector: "silence of one feed", Target: 5 * time.Minute, Case: true, Harm: 4, Run: told(deadFeed),
		},
		{
			ID: "D02", Title: "For forty hours one subscriber gets no admissions, while the interface engine gets them all.",
			Days: 3, Sources: []feed.Feed{feed.Engine, feed.Wire}, Detector: "in, but not out, for one receiver", Target: 2 * time.Minute, Case: true, Harm: 3, Run: told(lostBranch),
		},
		{
			ID: "D03", Title: "After a change of code tables every third message is refused.",
			Days: 1, Sources: []feed.Feed{feed.TapRecord, feed.Wire, feed.Engine}, Detector: "refusals above the usual", Target: 5 * time.Minute, Case: true, Harm: 3, Run: told(refusals),
		},
		{
			ID: "D04", Title: "A slow database makes answers take seconds, and messages pile up.",
			Days: 1, Sources: []feed.Feed{feed.ADT, feed.Wire, feed.Engine}, Detector: "slow answers, growing delay", Target: 10 * time.Minute, Case: true, Harm: 3, Run: told(slowQueue),
		},
		{
			ID: "D05", Title: "One of three analysers stops to report, and the laboratory's feed as a whole looks well.",
			Days: 1, Sources: []feed.Feed{feed.Lab}, Detector: "silence of a part of a feed", Target: time.Hour, Case: true, Harm: 3, Run: told(oneAnalyser),
		},
		{
			ID: "D06", Title: "A certificate ends at midnight, and with it audit and messages that were protected by it.",
			Days: 3, Sources: []feed.Feed{feed.Certs, feed.Connections, feed.Lab}, Detector: "a certificate's end, 45 days before", Target: time.Hour, Case: true, Harm: 3, Run: told(expiry), Ahead: told(expiring),
		},
		{
			ID: "D07", Title: "The clock of the house jumps seven minutes ahead: sign-ins fail, and records bear wrong times.",
			Days: 1, Sources: []feed.Feed{feed.Clocks, feed.Windows}, Detector: "a clock that jumps", Target: 2 * time.Minute, Case: true, Harm: 3, Run: told(clockJump),
		},
		{
			ID: "D08", Title: "The image archive does not answer any more.",
			Days: 1, Sources: []feed.Feed{feed.Wire}, Detector: "no answer to a request that only asks whether one is there", Target: 2 * time.Minute, Case: true, Harm: 4, Run: told(archiveDown),
		},
	}
}

func deadFeed(s *scene) {
	on := 0
	for d := range s.Days() {
		if s.Day(d).Weekday() == time.Saturday {
			on = d
			break
		}
	}
	from, to := s.around(on, 23, 37), s.around(on, 28, 52)
	s.Silence(feed.Lab, from, to, true)
	s.say(feed.Engine, from.Add(31*time.Second), trace.Engine(from.Add(31*time.Second), "LAB_RESULTS_IN", "state=disconnected reason=\"connection reset by peer\""))
	for i := range 60 {
		at := from.Add(time.Duration(i) * 5 * time.Minute)
		s.connection(at, trace.Conn{From: labIP, To: engineIP, Port: mllpPort, State: "RSTR", Out: 0, Back: 0, Lasted: 2 * time.Millisecond})
	}
}

func lostBranch(s *scene) {
	from := s.around(0, 17, 20)
	const lost, hours = "PHARM", 40
	s.Cut(lost, from, from.Add(hours*time.Hour))
	for i := range hours * 4 { // each quarter of an hour
		at := from.Add(time.Duration(i) * 15 * time.Minute)
		control := fmt.Sprintf("M%09d", s.next()%1_000_000_000)
		s.hl7Seen(at, recordIP, engineIP, control, "ADT^A08", "AA", 40*time.Millisecond)
		for _, r := range []string{"LAB", "RIS", "DIET"} {
			s.hl7Seen(at.Add(60*time.Millisecond), engineIP, receiverIP(r), control, "ADT^A08", "AA", 40*time.Millisecond)
		}
	}
}

// receiverIP is the address of a system that gets admissions.
func receiverIP(name string) string { return fmt.Sprintf("10.40.0.%d", 60+len(name)*7+int(name[0])%7) }

// hl7Seen is a message that the tap saw on the wire, and how it was answered.
func (s *scene) hl7Seen(at time.Time, from, to, control, kind, answer string, took time.Duration) uint64 {
	return s.say(feed.Wire, at, trace.HL7Seen(at, s.next(), from, to, mllpPort, control, kind, answer, took, world.Mix(s.next())))
}

func refusals(s *scene) {
	at, end := s.around(0, 9, 2), s.At(0, 11, 40)
	s.say(feed.Engine, at.Add(-2*time.Minute), trace.Engine(at.Add(-2*time.Minute), "LAB_RESULTS_OUT", "table=units version=2026-1 deployed"))
	for at.Before(end) {
		control := fmt.Sprintf("M%09d", s.next()%1_000_000_000)
		answer, took := "AA", s.between(20*time.Millisecond, 90*time.Millisecond)
		if s.chance(0.3) {
			answer = "AE"
		}
		s.hl7Seen(at, engineIP, recordIP, control, "ORU^R01", answer, took)
		s.say(feed.TapRecord, at.Add(took), s.ack(at.Add(took), control, answer))
		at = at.Add(s.between(5*time.Second, 40*time.Second))
	}
}

// ack is what the record system answers to a message (HL7 v2.5.1 2.9.2).
func (s *scene) ack(at time.Time, control, answer string) []byte {
	var m feed.Message
	m.Header("EHR", s.World().Authority, "LIS", "ACK^R01^ACK", at.In(s.World().Zone), fmt.Sprintf("A%09d", s.next()%1_000_000_000))
	m.Segment("MSA")
	m.Field(1, answer)
	m.Field(2, control)
	if answer != "AA" {
		m.Segment("ERR")
		m.Asis(2, "OBX^1^6")
		m.Field(3, "103", "Table value not found", "HL70357")
		m.Field(4, "E")
	}
	return m.Bytes()
}

func slowQueue(s *scene) {
	at := s.around(0, 13, 30)
	took := 40 * time.Millisecond
	for step := range 18 { // of ten minutes, each slower than the one before, then well again
		from, to := at.Add(time.Duration(step)*10*time.Minute), at.Add(time.Duration(step+1)*10*time.Minute)
		took = min(took*3/2, 9*time.Second)
		s.Delay(feed.ADT, from, to, time.Duration(step)*80*time.Second)
		for i := range 20 {
			when := from.Add(time.Duration(i) * 30 * time.Second)
			s.hl7Seen(when, engineIP, recordIP, fmt.Sprintf("M%09d", s.next()%1_000_000_000), "ADT^A08", "AA", took+s.between(0, took/2))
		}
		s.say(feed.Engine, to, trace.Engine(to, "ADT_OUT_EHR", fmt.Sprintf("queued=%d oldest_s=%d", 14*step*step/3, step*80)))
	}
}

func oneAnalyser(s *scene) {
	s.Stop(feed.Lab, "CHEM-2", s.around(0, 13, 12), s.around(0, 18, 0))
}

// expiring has the certificate be seen from the beginning, and for longer than the 45 days within which it can be told. The story begins when these do.
func expiring(s *scene) {
	end := s.ends()
	s.Expires(engineName, end)
	begins := latest(end.Add(-45*day), s.World().At(s.World().From, 0, 0))
	s.Expect(func(t *life.Tale) { t.Start = begins.UTC() })
}

const engineName = "engine-01.example.org"

// ends is the midnight at which the certificate ends.
func (s *scene) ends() time.Time { return s.At(min(2, s.Days()-1), 0, 0) }

func expiry(s *scene) {
	end := s.ends()
	for d := range s.days(3) {
		at := s.At(d, 5, 30)
		s.say(feed.Certs, at, trace.Certificate(at, engineIP+":6514", engineName, "4E:11:09", end.AddDate(-1, 0, 0), end, "syslog"))
		s.say(feed.Certs, at, trace.Certificate(at, engineIP+":2576", engineName, "4E:11:09", end.AddDate(-1, 0, 0), end, "mllp"))
		s.say(feed.Certs, at, trace.Certificate(at, fhirIP+":443", "fhir.example.org", "4E:11:0A", end.AddDate(0, -3, 0), end.AddDate(0, 9, 0), "https"))
	}
	for i := range 70 {
		at := end.Add(time.Duration(i) * 5 * time.Minute)
		s.say(feed.Connections, at, trace.TLSFailed(at, s.next(), labIP, engineIP, 2576, engineName, "certificate has expired"))
	}
	s.Silence(feed.Lab, end, end.Add(5*time.Hour+50*time.Minute), true)
}

func clockJump(s *scene) {
	const ahead = 7 * time.Minute
	at := s.around(0, 10, 17)
	s.windows(at, trace.Windows{Channel: trace.Clock, ID: 261, Computer: "DC-01", Record: s.number(), Data: map[string]any{"NewTime": at.Add(ahead).UTC().Format(time.RFC3339), "OldTime": at.UTC().Format(time.RFC3339)}})
	for i, host := range []string{"engine-01", "pacs-01", "db-01"} {
		when := at.Add(time.Duration(20*i+30) * time.Second)
		s.say(feed.Clocks, when, trace.Chrony(when, host, fmt.Sprintf("System clock wrong by %d.%03d seconds", int(ahead.Seconds())-i, 100+37*i)))
		s.say(feed.Clocks, when, trace.Chrony(when, host, "Selected source 10.20.8.10 (dc-01.example.org)"))
	}
	all := s.World().Staff
	for i := range 90 {
		when := at.Add(time.Duration(25*i) * time.Second)
		u := all[s.Rand.IntN(len(all))]
		// What the directory writes from now on bears its own wrong time.
		s.say(feed.Windows, when, trace.Kerberos(s.number(), "DC-01", u.Login, s.seat(u, when).IP, "0x25").JSON(when.Add(ahead)))
	}
	back := at.Add(42 * time.Minute)
	s.say(feed.Clocks, back, trace.Chrony(back, "engine-01", fmt.Sprintf("System clock was stepped by -%d.004 seconds", int(ahead.Seconds()))))
}

func archiveDown(s *scene) {
	at := s.around(0, 14, 26)
	modalities := []string{"CT_ED_1", "MR_1", "DX_2", "US_4"}
	for i := range 80 {
		when := at.Add(time.Duration(i) * 45 * time.Second)
		m := modalities[i%len(modalities)]
		ask := trace.Image{Command: "C-FIND", Calling: m, Called: archiveAE, From: fmt.Sprintf("10.40.1.%d", 17+i%len(modalities)), To: archiveIP, Result: "rejected"}
		s.onWire(when, ask)
		ask.Command = "C-ECHO"
		s.onWire(when.Add(3*time.Second), ask)
		if i%16 == 5 { // an examination begins and ends, and its images go nowhere
			st := s.study()
			step := trace.Image{Command: "N-CREATE", Calling: m, Called: "RIS", From: ask.From, To: "10.40.0.6", Study: st.UID, Accession: st.Accession, Status: "0000"}
			s.onWire(when.Add(10*time.Second), step)
			step.Command = "N-SET"
			s.onWire(when.Add(6*time.Minute), step)
			s.onWire(when.Add(7*time.Minute), trace.Image{Command: "C-STORE", Calling: m, Called: archiveAE, From: ask.From, To: archiveIP, Study: st.UID, SOPClass: st.Class, Result: "rejected"})
		}
	}
}
