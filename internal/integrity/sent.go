package integrity

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/kept"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/integrity/route"
)

// KeptConfig is a system of records whose results are held against those that were sent.
type KeptConfig struct {
	System string
	From   []string      // who sends them: sources, or single senders
	Young  time.Duration // how long the system may take to hear of what was sent
	byTime bool          // results are told apart by when they were measured
	rules  assertion.Rules
}

// KeptOf is what a declaration says of results; ok is false when it says nothing.
func KeptOf(d *resources.Declaration) (c KeptConfig, ok bool) {
	return KeptConfig{System: d.System, From: d.Results.From, Young: time.Duration(d.Young), byTime: d.Results.By == resources.ByTime, rules: comparing(d)}, len(d.Results.From) > 0
}

// comparing are the rules by which results in messages and on a server become the same.
func comparing(d *resources.Declaration) assertion.Rules {
	r := rulesOf(d)
	maps.Copy(r.Systems, d.Results.Systems)
	r.Authorities, r.Codes, r.Units, r.Conversions = d.Results.Authorities, d.Results.Codes, d.Results.Units, assertion.StandardConversions()
	return r
}

// rulesOf are the rules by which the resources of a server are read.
func rulesOf(d *resources.Declaration) assertion.Rules {
	return assertion.Rules{PatientAuthority: d.Authority, Systems: assertion.StandardSystems(), Preferred: assertion.StandardPreferred(), Zone: d.Location()}
}

// claimsFor is how the resources of a server are read to be compared with messages; nil when they are not.
func claimsFor(d *resources.Declaration) resources.Reading {
	if len(d.Results.From) == 0 {
		return nil
	}
	return claims
}

// claims is how resources are read to be compared with messages: results alone.
func claims(d *resources.Declaration, r *fhir.Resource, resolve func(string) (fhir.Resource, bool)) []resources.Statement {
	rules := comparing(d)
	rules.Resolve = resolve
	var out []resources.Statement
	for _, a := range assertion.OfFHIR(r, &rules) {
		if isResult(&a) {
			if d.Results.By == resources.ByTime {
				timed(&a)
			}
			out = append(out, statementOf(&a, compared()))
		}
	}
	return out
}

func isResult(s *assertion.Statement) bool {
	return s.Kind == assertion.Result || s.Kind == assertion.BloodGroup
}

// timed makes a result one that is known by when it was measured, and by no order's number.
func timed(s *assertion.Statement) {
	if s.Kind != assertion.Result { // a blood group is the patient's
		return
	}
	at := s.Get(assertion.Observed)
	s.Key = slices.DeleteFunc(slices.Clone(s.Key), func(f assertion.Field) bool {
		return slices.Contains([]string{assertion.Order, assertion.Observed, assertion.Reported}, f.Name)
	})
	s.Key = append(s.Key, assertion.Field{Name: assertion.Observed, Value: at[:min(len(at), len("2006-01-02T15:04"))]})
}

// comes tells whether messages of a sender are kept there.
func (c *KeptConfig) comes(sender string) bool { return isFrom(sender, c.From) }

// isFrom tells whether a sender is one of those named, or of one of the sources.
func isFrom(sender string, names []string) bool {
	for _, name := range names {
		if sender == name || strings.HasPrefix(sender, name+"/") {
			return true
		}
	}
	return false
}

// keptName is the name of the seal of a result in a system.
func keptName(system string, key []byte) string { return system + " " + hex.EncodeToString(key) }

// sent takes in what a message says of results. Where the record is known to say something else, it is asked once it had time to hear of it.
func (e *Engine) sent(ev *event.Event, m *hl7.Message, at hospital.Place) error {
	for i := range e.cfg.Kept {
		c := &e.cfg.Kept[i]
		if !c.comes(ev.Source) {
			continue
		}
		number, _ := m.Get("PID-3.1")
		authority, _ := m.Get("PID-3.4")
		for _, s := range assertion.OfHL7(m, &c.rules) {
			if !isResult(&s) {
				continue
			}
			if c.byTime {
				timed(&s)
			}
			if err := e.hear(c, &s, ev.Source, number+"^^^"+authority, kept.Claim{ID: idOf(at, ev.ID), At: ev.Observed, Says: saidOf(s.Get)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// compared are the fields of a statement that kept.Said has.
func compared() []string {
	return []string{assertion.Type, assertion.Value, assertion.Unit, assertion.Status, assertion.Observed}
}

// saidOf is what is compared of a statement whose fields get returns.
func saidOf(get func(name string) string) *kept.Said {
	s := &kept.Said{Type: get(assertion.Type), Value: get(assertion.Value), Unit: get(assertion.Unit), State: states[get(assertion.Status)]}
	if at, err := time.Parse(time.RFC3339, get(assertion.Observed)); err == nil {
		s.Measured = at
	}
	return s
}

// states are those of results, by the words of statements.
var states = map[string]kept.State{
	assertion.StatusPreliminary: kept.Preliminary, assertion.StatusFinal: kept.Final, assertion.StatusCorrected: kept.Corrected,
	assertion.StatusCancelled: kept.Cancelled, assertion.StatusWithdrawn: kept.Withdrawn,
}

// hear takes in what a sender sent of a result. whose is its patient as PID-3 writes it.
func (e *Engine) hear(c *KeptConfig, s *assertion.Statement, from, whose string, claim kept.Claim) error {
	key := s.KeySum()
	name := keptName(c.System, key[:])
	seal, _, err := e.kept.seal(name)
	if err != nil {
		return err
	}
	seal.System, seal.Key, seal.Subject, seal.Patient = c.System, key[:], s.Get(assertion.Subject), whose
	if !saysSame(seal.Sent.Says, claim.Says) {
		h := saidAs(claim.Says)
		h.ID, h.At, h.Point, h.Act = claim.ID, claim.At, from, actSent
		if err := e.happened(name, h); err != nil {
			return err
		}
	}
	seal.Hear(claim)
	if verdict, _ := seal.Judge(c.Young); verdict == kept.Early {
		e.ask(c, &seal)
	}
	e.kept.keep(name, seal, claim.At)
	return nil
}

// saysSame tells whether two claims of one side say the same.
func saysSame(a, b *kept.Said) bool {
	return a != nil && a.Value == b.Value && a.Unit == b.Unit && a.State == b.State
}

// saidAs is what a claim says, as a Happening has it.
func saidAs(s *kept.Said) Happening {
	return Happening{Says: strings.TrimSpace(s.Value + " " + s.Unit), State: string(s.State)}
}

// ask has the record asked for a result as soon as it had time to hear of what was sent.
func (e *Engine) ask(c *KeptConfig, seal *kept.Seal) {
	part, id, _ := strings.Cut(seal.Kept.Thing, "/")
	e.asks = append(e.asks, Ask{System: c.System, Part: part, Thing: []string{id}, Due: seal.Sent.At.Add(c.Young + time.Minute)})
}

// claimed is what a row of another system says of a result.
type claimed struct {
	Key     []byte
	Subject string
	Fields  map[string]string
}

// keeps takes in what a system of records keeps of results, and returns where it is something else than was sent.
func (e *Engine) keeps(h *hospital.House, ev *event.Event, at hospital.Place, r *told) (out []Doubt, err error) {
	for i := range e.cfg.Kept {
		c := &e.cfg.Kept[i]
		if c.System != r.System {
			continue
		}
		for _, s := range r.Claims {
			name := keptName(r.System, s.Key)
			seal, _, err := e.kept.seal(name)
			if err != nil {
				return nil, err
			}
			seal.System, seal.Key, seal.Subject = r.System, s.Key, s.Subject
			seal.Told = seal.Told && seal.Kept.Says != nil // else it was told that it is missing, and it came
			says := saidOf(func(name string) string { return s.Fields[name] })
			if !saysSame(seal.Kept.Says, says) {
				was, said := r.happening(ev, at), saidAs(says)
				was.Says, was.State = said.Says, said.State
				if err := e.happened(name, was); err != nil {
					return nil, err
				}
			}
			seal.Kept = kept.Claim{ID: idOf(at, ev.ID), At: r.Read, Thing: r.Key, Says: says}
			verdict, changes := seal.Judge(c.Young)
			switch verdict {
			case kept.Early:
				e.ask(c, &seal)
			case kept.Differ:
				out = append(out, e.keptDoubt(h, ev, at, kept.Differs, &seal, r.System, changes))
			}
			e.kept.keep(name, seal, ev.Observed)
		}
	}
	return out, nil
}

// absent takes in that a system of records has not got what was sent to it.
func (e *Engine) absent(h *hospital.House, ev *event.Event, at hospital.Place, r *told) (out []Doubt, err error) {
	for _, s := range r.Claims {
		name := keptName(r.System, s.Key)
		seal, known, err := e.kept.seal(name)
		if err != nil {
			return nil, err
		}
		if !known || seal.Told || seal.Kept.Says != nil {
			continue // it came meanwhile
		}
		seal.Told = true
		e.kept.keep(name, seal, ev.Observed)
		out = append(out, e.keptDoubt(h, ev, at, kept.Missing, &seal, r.System, nil))
	}
	return out, nil
}

// fieldNames are the fields of messages in which results say what is compared.
var fieldNames = map[string]string{kept.Value: "OBX-5", kept.Unit: "OBX-6", kept.Status: "OBX-11"}

func (e *Engine) keptDoubt(h *hospital.House, ev *event.Event, at hospital.Place, kind kept.Kind, seal *kept.Seal, system string, changes []kept.Change) Doubt {
	_, code, _ := strings.Cut(seal.Subject, "|")
	d := Doubt{
		Kind: string(kind), At: ev.Observed, System: system, About: strings.TrimSpace("OBX " + code), Count: 1, Patient: token(h, seal.Patient), Life: keptName(system, seal.Key),
		Places: []finding.Place{{Entry: at.Entry, Line: int(at.Line)}},
	}
	if seal.Kept.Thing != "" {
		part, id, _ := strings.Cut(seal.Kept.Thing, "/")
		d.Part, d.Thing = part, []string{id}
	}
	if place, _, ok := placeOf(seal.Sent.ID); ok {
		d.Before = &place
	}
	for _, c := range changes {
		d.Changes = append(d.Changes, route.Change{Field: fieldNames[c.Field], Before: c.Sent, After: c.Kept, Clinical: true})
	}
	d.ID = event.NewID(watcher, d.Kind, ev.ID.String(), seal.Subject).String()
	weigh(h, e.cfg.Zone, &d, seal.Patient)
	return d
}

// claimsOf is what is told of results in a change. What was deleted is withdrawn, whatever it said.
func claimsOf(c *resources.Change) []claimed {
	var out []claimed
	for i := range c.Claims {
		s := &c.Claims[i]
		fields := map[string]string{}
		for _, f := range s.Fields {
			fields[f.Name] = f.Value
		}
		if c.Act == resources.Deleted || c.Act == resources.Gone {
			fields[assertion.Status] = assertion.StatusWithdrawn
		}
		out = append(out, claimed{[]byte(s.Key), s.Subject, fields})
	}
	return out
}
