package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/integrity"
	ways "github.com/wardline/wardline/internal/integrity/route"
)

// placesRead is how many messages of one doubt are read back from the journal.
const placesRead = 20

// doubtful is one doubt with the messages that it rests on.
type doubtful struct {
	integrity.Doubt
	before integrity.Said   // zero when nothing was said in front
	places []integrity.Said // oldest first
	tells  *teller
	rows   []page.PointRow
	main   *page.PointRow // the one that says most; nil when none is changed
	limit  string         // a sentence about the usual range; may be empty

	life    integrity.Life     // of what is read back; empty of messages alone
	answers []integrity.Answer // of the systems that keep it, which are asked anew when it is opened
}

// record shows one doubt. That somebody opened it is sealed before.
func (c *Console) record(r *request) (answer, error) {
	if c.Integrity == nil {
		return answer{}, errAbsent
	}
	o := access.Object{Kind: "doubt", ID: page.Clean(r.PathValue("id"), 64)}
	var d *doubtful
	err := c.House.Do(r.Context(), access.RecordRead, o, map[string]string{"change": "opened"}, func(ctx context.Context) (err error) {
		d, err = c.doubtful(ctx, r, r.PathValue("id"))
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{data: d.data(), show: func() (string, any, error) { return "record", c.recordPage(r, d), nil }}, nil
}

// doubtful reads a doubt, and what was said at its places.
func (c *Console) doubtful(ctx context.Context, r *request, id string) (*doubtful, error) {
	found, err := c.Integrity.Doubt(ctx, id)
	if err != nil {
		return nil, err
	}
	if mine, err := c.unbarred(r, []integrity.Doubt{found}); err != nil || len(mine) == 0 {
		return nil, cmp.Or(err, integrity.ErrNoDoubt) // as if there were none
	}
	d := &doubtful{Doubt: found}
	if d.Before != nil {
		if d.before, err = c.Integrity.Said(ctx, *d.Before); err != nil {
			return nil, err
		}
	}
	for _, at := range d.Places[:min(placesRead, len(d.Places))] {
		said, err := c.Integrity.Said(ctx, at)
		if err != nil {
			return nil, err
		}
		d.places = append(d.places, said)
	}
	d.tells = newTeller(c.Veil, r.clock, append([]integrity.Said{d.before}, d.places...))
	if !ofChart(d.Kind) {
		d.compare()
	}
	if err := c.Integrity.LookBack(ctx, &d.Doubt, r.clock.Now); err != nil {
		return nil, err
	}
	if d.life, err = c.Integrity.Life(ctx, &d.Doubt); err != nil {
		return nil, err
	}
	d.answers, err = c.Integrity.Answers(ctx, d.ID)
	return d, err
}

// behind is the message that came out of the engine; zero when there is none.
func (d *doubtful) behind() integrity.Said {
	if len(d.places) == 0 {
		return integrity.Said{}
	}
	return d.places[len(d.places)-1]
}

// compare puts what was said at both points into rows.
func (d *doubtful) compare() {
	behind := d.behind()
	all := ways.Beside(d.before.Message, behind.Message, d.About)
	if len(all) == 0 || d.Kind == string(ways.Rewritten) || d.Before != nil && d.before.Message == nil || len(d.places) > 0 && behind.Message == nil {
		all = nil // what differed was kept with the doubt
		for _, change := range d.Changes[:min(len(d.Changes), 40)] {
			all = append(all, ways.Field{Name: change.Field, Before: change.Before, After: change.After, Clinical: change.Clinical})
		}
		all = append(d.around(), all...)
	}
	kindBefore, kindAfter := "", ""
	units, usual := [2]string{}, [2]string{}
	for _, f := range all {
		switch f.Name {
		case "OBX-2":
			kindBefore, kindAfter = f.Before, f.After
		case "OBX-6":
			units = [2]string{d.tells.unit(f.Before), d.tells.unit(f.After)}
		case "OBX-7":
			usual = [2]string{f.Before, f.After}
		}
	}
	for _, f := range all {
		row, shown := d.row(f, kindBefore, kindAfter)
		if !shown || ofKept(d.Kind) && f.Name == "OBX-7" { // the record's own range is not known
			continue
		}
		if f.Name == "OBX-5" {
			d.limit = limitSays(row.Before, usual[0], row.After, usual[1])
			row.Before, row.After = withUnit(row.Before, units[0]), withUnit(row.After, units[1])
		}
		d.rows = append(d.rows, row)
	}
	d.choose()
}

// around is what the message that was sent says of the result beside its value, of which the record is not known to say anything else.
func (d *doubtful) around() (out []ways.Field) {
	if !ofKept(d.Kind) {
		return nil
	}
	_, code, _ := strings.Cut(d.About, " ")
	said := ways.Beside(d.before.Message, nil, d.About)
	isThis := slices.ContainsFunc(said, func(f ways.Field) bool { return f.Name == "OBX-3" && strings.HasPrefix(f.Before+"^", code+"^") })
	for _, f := range said {
		differs := slices.ContainsFunc(d.Changes, func(c ways.Change) bool { return c.Field == f.Name })
		if isThis && !differs && slices.Contains([]string{"OBX-2", "OBX-3", "OBX-6", "OBX-7"}, f.Name) {
			f.After = f.Before
			out = append(out, f)
		}
	}
	return out
}

// row is one field in words; not shown when it neither decides anything nor differs.
func (d *doubtful) row(f ways.Field, kindBefore, kindAfter string) (page.PointRow, bool) {
	s := spokenOf(f.Name)
	changed := f.Before != f.After && slices.ContainsFunc(d.Changes, func(c ways.Change) bool { return baseField(c.Field) == baseField(f.Name) })
	missing := d.Kind == string(ways.Lost) && f.Clinical // all of it is, and nothing stands in its place
	row := page.PointRow{Name: s.label, Changed: changed, Same: f.Before == f.After}
	if s.label == "" {
		row.Name = page.Clean(f.Name, 20)
	}
	row.Before, row.MaskBefore = d.tells.said(f.Name, f.Before, kindBefore)
	row.After, row.MaskAfter = d.tells.said(f.Name, f.After, kindAfter)
	if readBack(d.Kind) && !namesPeople(f.Name) && isAmount(f.Before) && isAmount(f.After) {
		row.Before, row.After = f.Before, f.After
	}
	absent := map[string]string{string(ways.Inserted): "Not sent", string(ways.Unheard): "Not sent", string(ways.Removed): "Missing", string(ways.Lost): "Missing"}[d.Kind]
	switch {
	case missing:
		row.Changed, row.State = false, page.Watch(absent)
	case changed:
		row.State = page.State{Class: doubtState(&d.Doubt).Class, Word: cmp.Or(absent, "Changed")}
	case row.Same:
		row.State = page.OK("Same")
	default:
		row.State = page.Dim(cmp.Or(absent, "Written differently"))
	}
	shown := changed || s.label != "" && f.Name != "OBX-2" && f.Name != "PID-3"
	return row, shown
}

// choose finds the row that says most: a value or a dose before what surrounds it. A unit that is the same stands beside its value already.
func (d *doubtful) choose() {
	value := slices.ContainsFunc(d.rows, func(row page.PointRow) bool { return row.Name == "Value" && !isText(row.Before) && !isText(row.After) })
	d.rows = slices.DeleteFunc(d.rows, func(row page.PointRow) bool { return value && row.Name == "Unit" && !row.Changed })
	for _, names := range [][]string{{"Value", "Dose", "Dose, least", "Patient’s number"}, {"Drug", "Unit", "Allergy to", "Diagnosis", "What was given"}, nil} {
		for i := range d.rows {
			if odd := d.rows[i].Changed || d.rows[i].State.Class == "watch"; odd && (names == nil || slices.Contains(names, d.rows[i].Name)) && d.main == nil {
				d.main = &d.rows[i]
			}
		}
	}
}

func isText(said string) bool { return strings.HasPrefix(said, "text, ") || said == nothing }

func withUnit(said, unit string) string {
	if unit == "" || isText(said) || !strings.ContainsAny(said, "0123456789") {
		return said
	}
	return said + " " + unit
}

// limitSays tells whether a usual range lies between two values.
func limitSays(before, usualBefore, after, usualAfter string) string {
	a, b := besideRange(before, usualBefore), besideRange(after, usualAfter)
	if a == "" || b == "" {
		return ""
	}
	where := func(value, at, usual string) string {
		return value + " is " + at + " the usual range of " + rangeSays(usual)
	}
	switch {
	case a == b && usualBefore == usualAfter:
		return "Both are " + a + " the usual range of " + rangeSays(usualBefore) + "."
	case usualBefore == usualAfter:
		return where(before, a, usualBefore) + "; " + after + " is " + b + " it."
	}
	return where(before, a, usualBefore) + "; " + where(after, b, usualAfter) + "."
}

func (c *Console) recordPage(r *request, d *doubtful) page.Doubt {
	v := page.Doubt{State: doubtState(&d.Doubt)}
	ask := "Is this still what was said?"
	if ofChart(d.Kind) {
		ask = "Does this chart say what was done?"
	}
	v.Frame = c.frame(r, "records", "Records", ask, key("the finding", "Enter"))
	v.Crumbs = []page.Link{{Text: "Records", URL: "/records"}, {Text: "Doubt " + page.Clean(d.ID[:min(8, len(d.ID))], 8)}}
	v.Answer, v.Now = d.headline(), d.now()
	v.Subject = d.subject()
	rule := d.Rule()
	for _, n := range rule.FalsePositives {
		v.Expect = append(v.Expect, page.Clean(n, 300))
	}
	if readBack(d.Kind) {
		v.Meaning = "that it was true when it was read first. It proves what was read then and now, and when."
		if ofKept(d.Kind) {
			v.Meaning = "that what was sent is true. It proves what was sent and what was read in the record, and when."
		}
		v.Way, v.Points = d.way(), d.points()
		if len(d.Signs) > 0 {
			v.Weighs = d.weighs()
		}
		v.LifeOf, v.Life = "When it was read", d.routeLife()
		if len(d.life.Happenings) > 0 {
			v.LifeOf = "The life of this record"
		}
	} else if ofChart(d.Kind) {
		v.Meaning = "that anything was falsified, or why it was written so. It proves what reached us and when, and that it is unchanged since."
		v.Weighs = d.weighs()
		v.LifeOf, v.Life = d.chartLife()
	} else {
		v.Meaning = "that what was sent is true. It proves what was heard at each of the two points and when, and that both are unchanged since."
		v.Way, v.Points = d.way(), d.points()
		v.LifeOf, v.Life = "The life of this message", d.routeLife()
		if len(d.Signs) > 0 {
			v.Weighs = d.weighs()
		}
	}
	v.Proof, v.Command = d.proof()
	v.Facts = []page.Pair{{Name: "Heard", Value: r.clock.At(d.At)}, {Name: "Where", Value: doubtWhere(&d.Doubt)}}
	if d.Author != "" {
		v.Facts = append(v.Facts, page.Pair{Name: "Written by", Value: page.Mask(d.Author), Masked: true})
	}
	v.Facts = append(v.Facts, page.Pair{Name: "Messages", Value: page.Number(max(d.Count, 1))}, page.Pair{Name: "Who looked", Value: "Every view is sealed"})
	return v
}

// subject says what and whom the doubt is about, masked.
func (d *doubtful) subject() []page.Pair {
	var all []page.Pair
	for _, row := range d.rows {
		if slices.Contains([]string{"Test", "Drug", "Allergy to", "Diagnosis", "What was given", "Procedure"}, row.Name) {
			if text := firstSaid(row.Before, row.After); !isText(text) {
				all = append(all, page.Pair{Value: text})
			}
			break
		}
	}
	if p := tokenTail(d.Patient); p != "" {
		all = append(all, page.Pair{Name: "patient", Value: p, Masked: true})
	} else if d.Kind == "unfounded" {
		all = append(all, page.Pair{Value: "several patients"})
	}
	return append(all, page.Pair{Value: strings.ToLower(doubtWhere(&d.Doubt)[:1]) + doubtWhere(&d.Doubt)[1:]})
}

func firstSaid(a, b string) string {
	if a != "" && a != nothing {
		return a
	}
	return b
}

// points is the table of both points.
func (d *doubtful) points() *page.Points {
	front, _ := d.sides()
	p := &page.Points{Name: "Two points", Rows: d.rows, Says: d.limit, Before: page.PointHead{Name: capital(front) + " sent"}, After: page.PointHead{Name: "Record received"}}
	if readBack(d.Kind) {
		p.Name, p.Before.Name, p.After.Name = "Then and now", "Read before", "Read now"
	}
	if ofKept(d.Kind) {
		p.Name, p.Before.Name, p.After.Name = "Sent and kept", "Sent to it", "The record says"
	}
	head := func(h *page.PointHead, s *integrity.Said) {
		if s.Received.IsZero() {
			h.Time = nothing
			return
		}
		h.Time, h.Seal = d.tells.moment(s.Received), seal(s.Place.Entry, s.Place.Line)
	}
	behind := d.behind()
	head(&p.Before, &d.before)
	head(&p.After, &behind)
	for _, s := range []integrity.Said{d.before, behind} {
		if s.Why != "" && !readBack(d.Kind) {
			p.Lost = s.Why + " What differed was kept with the doubt."
		}
	}
	return p
}

// way draws where what was said changed.
func (d *doubtful) way() *page.Way {
	front, behind := d.sides()
	before, after := "", ""
	if d.main != nil && !isText(d.main.Before) {
		before = d.main.Before
	}
	if d.main != nil && !isText(d.main.After) {
		after = d.main.After
	}
	says := map[string]string{
		string(ways.Altered): "Changed between the two points.", string(ways.Inserted): "Came in between the two points.", string(ways.Removed): "Lost between the two points.",
		string(ways.Unheard): "Came from somewhere else.", string(ways.Lost): "Lost between the two points.", string(ways.Rewritten): "Written differently than before.",
	}[d.Kind]
	switch {
	case ofKept(d.Kind):
		says = "What was sent never said so."
	case readBack(d.Kind):
		says = "Changed where it is kept, not on the way."
	}
	noFront := d.Kind == string(ways.Inserted) || d.Kind == string(ways.Unheard)
	noBehind := d.Kind == string(ways.Removed) || d.Kind == string(ways.Lost)
	way := page.Along(capital(front), before, capital(behind), after, says, noFront, noBehind)
	if readBack(d.Kind) {
		way.Between = "Kept"
	}
	return way
}

// proof lists the sealed messages.
func (d *doubtful) proof() (rows []page.ProofRow, command string) {
	add := func(name string, s *integrity.Said) {
		row := page.ProofRow{Name: name, Entry: page.Number(s.Place.Entry), Seal: seal(s.Place.Entry, s.Place.Line), When: "not known"}
		if !s.Received.IsZero() {
			row.When = d.tells.moment(s.Received)
		}
		rows = append(rows, row)
	}
	if d.Before != nil {
		add(either(ofKept(d.Kind), "Sent", either(readBack(d.Kind), "Read before", "In front")), &d.before)
	}
	for i := range d.places {
		name := "Message " + page.Number(i+1)
		if !ofChart(d.Kind) {
			name = either(readBack(d.Kind), "Read now", "Behind")
		}
		add(name, &d.places[i])
	}
	var last *finding.Place
	if n := len(d.Places); n > 0 {
		last = &d.Places[n-1]
	} else {
		last = d.Before
	}
	if last != nil {
		command = fmt.Sprintf("wardline journal prove %d > proof\nwardline journal check proof --key KEY", last.Entry)
	}
	return rows, command
}

// routeLife is when the message was where.
func (d *doubtful) routeLife() []page.LifeRow {
	type dated struct {
		at time.Time
		page.LifeRow
	}
	var all []dated
	add := func(at time.Time, class, strong, text string, s *page.Seal) {
		if !at.IsZero() {
			all = append(all, dated{at, page.LifeRow{Time: d.tells.moment(at), Class: class, Strong: strong, Text: text, Seal: s}})
		}
	}
	front, behind := d.sides()
	for _, m := range []integrity.Said{d.before, d.behind()} {
		if m.Message == nil {
			continue
		}
		if second, _ := m.Message.Get("OBR[2]-4"); second == "" {
			add(d.tells.at(m.Message, "OBR-7"), "ok", "Drawn or done", "as the sender says", nil)
		}
		break
	}
	sent, received := "", ""
	if d.main != nil && !d.main.MaskBefore && !isText(d.main.Before) {
		sent = ": " + d.main.Before
	}
	if d.main != nil && !d.main.MaskAfter && !isText(d.main.After) {
		received = ": " + d.main.After
	}
	first, second := [2]string{"Sent" + sent, "by the " + front}, [2]string{"Received" + received, "by the " + behind}
	if readBack(d.Kind) {
		first, second = [2]string{"Read" + sent, "as it was"}, [2]string{"Read" + received, "as it is now"}
	}
	if ofKept(d.Kind) {
		first = [2]string{"Sent" + sent, "to the record"}
	}
	for i := range d.life.Happenings {
		h := &d.life.Happenings[i]
		place := h.Place()
		class, strong, text := d.happeningSays(h)
		if slices.Contains(d.Places, place) { // it is what is doubted
			class = "act"
		}
		add(h.At, class, strong, text, seal(place.Entry, place.Line))
	}
	isHeard := len(d.life.Happenings) > 0 // also what is doubted
	if d.Before != nil && !isHeard {
		add(d.before.Received, "ok", first[0], first[1], seal(d.Before.Entry, d.Before.Line))
	}
	if s := d.behind(); len(d.places) > 0 && !isHeard {
		add(s.Received, "act", second[0], second[1], seal(s.Place.Entry, s.Place.Line))
	}
	add(d.At.Add(time.Nanosecond), "", "This doubt", "was filed as a finding", nil)
	for i := range d.answers {
		a := &d.answers[i]
		class, text := answerSays(a)
		add(cmp.Or(a.Answered, a.Asked), class, "Looked into "+page.Clean(a.System, 40)+":", text, nil)
	}
	slices.SortStableFunc(all, func(a, b dated) int { return a.at.Compare(b.at) })
	var rows []page.LifeRow
	for _, one := range all {
		rows = append(rows, one.LifeRow)
	}
	return rows
}
