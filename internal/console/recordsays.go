package console

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/kept"
	ways "github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/row"
	"github.com/wardline/wardline/internal/vault/veil"
)

// teller says what messages say without naming anybody: neither patients who were heard of, nor those whom these messages name.
type teller struct {
	veil  *veil.Veil
	own   page.Veil       // numbers of the people in these messages
	names map[string]bool // their names, in small letters
	clock page.Clock
}

// identity lists the fields that say who people are.
var identity = map[string][]int{
	"PID": {2, 3, 4, 5, 6, 9, 11, 13, 14, 18, 19, 20, 21, 26}, "NK1": {2, 4, 5, 6, 12, 26, 30, 31, 32, 33}, "GT1": {2, 3, 4, 5, 6, 7, 12, 16, 18, 19}, "IN1": {2, 6, 11, 16, 19, 36, 44, 49},
	"IN2": {1, 2, 6, 8, 22, 61, 63}, "MRG": {1, 2, 3, 4, 5, 6, 7}, "PV1": {5, 19, 50}, "PD1": {4},
}

func newTeller(v *veil.Veil, clock page.Clock, said []integrity.Said) *teller {
	t := &teller{veil: v, clock: clock, names: map[string]bool{}}
	var numbers []string
	for i := range said {
		if said[i].Message == nil {
			continue
		}
		m := said[i].Message
		for _, s := range m.Segments {
			for _, n := range identity[s.Name()] {
				text, _ := m.FieldText(s, n)
				numbers = append(numbers, t.learn(string(text), m)...)
			}
		}
	}
	t.own = page.NewVeil(numbers...)
	return t
}

// learn remembers the words of a field that says who somebody is, and returns the numbers in it.
func (t *teller) learn(field string, m *hl7.Message) (numbers []string) {
	split := func(r rune) bool {
		return r < 128 && (byte(r) == m.Component || byte(r) == m.Repetition || byte(r) == m.Subcomponent)
	}
	for part := range strings.FieldsFuncSeq(field, split) {
		if len(part) >= 5 && strings.ContainsAny(part, "0123456789") {
			numbers = append(numbers, part)
		}
		for w := range strings.FieldsFuncSeq(strings.ToLower(part), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len(w) >= 3 {
				t.names[w] = true
			}
		}
	}
	return numbers
}

// hide returns a sender's text in one short line that names nobody.
func (t *teller) hide(text string) string {
	hidden, _ := t.veil.Hide([]byte(text))
	text = t.own.Hide(string(hidden))
	var b strings.Builder
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
		if end < 0 {
			end = len(text)
		}
		if w := text[:end]; t.names[strings.ToLower(w)] {
			b.WriteString(dots)
		} else {
			b.WriteString(w)
		}
		next := strings.IndexFunc(text[end:], unicode.IsLetter)
		if next < 0 {
			next = len(text) - end
		}
		b.WriteString(text[end : end+next])
		text = text[end+next:]
	}
	return page.Clean(b.String(), 60)
}

// unit is the code of a unit, as it stands beside a number.
func (t *teller) unit(field string) string {
	first, _, _ := strings.Cut(field, "^")
	return page.Clean(t.hide(unescaped(first)), 16)
}

// moment is a time to the second, with its day when that is not today.
func (t *teller) moment(at time.Time) string {
	if day := t.clock.At(at); len(day) > len("15:04") {
		return t.clock.Second(at)
	}
	return at.In(t.clock.Zone).Format("15:04:05")
}

// at reads the first of some times that a message states; zero when it states none.
func (t *teller) at(m *hl7.Message, places ...string) time.Time {
	for _, p := range places {
		text, _ := m.Get(p)
		if at, zoned, ok := hl7.ParseTime(text); ok {
			if !zoned {
				at = inZone(at, t.clock.Zone)
			}
			return at
		}
	}
	return time.Time{}
}

// inZone is the same clock in another zone.
func inZone(at time.Time, zone *time.Location) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone)
}

// sides names the two points: who sent, and who received.
func (d *doubtful) sides() (front, behind string) {
	switch {
	case ofKept(d.Kind):
		return "sent", "the record"
	case readBack(d.Kind):
		return "before", "now"
	}
	department := ""
	for _, s := range []integrity.Said{d.before, d.behind()} {
		if s.Message != nil && department == "" {
			department, _ = s.Message.Get("OBR-24") // table 0074
		}
	}
	way := strings.ToLower(d.Way)
	switch {
	case slices.Contains([]string{"LAB", "CH", "HM", "MB", "BLB", "IMM", "SR", "TX", "VR", "PAT"}, department) || strings.HasPrefix(way, "lab"):
		return "laboratory", "record"
	case slices.Contains([]string{"RAD", "CT", "NMR", "US", "NMS", "MR", "IMG", "RX"}, department) || strings.HasPrefix(way, "radio"):
		return "radiology", "record"
	case strings.HasPrefix(way, "pharm"):
		return "pharmacy", "record"
	}
	return "sender", "record"
}

// ward is where the patient lies, when a message says it in a word.
func (d *doubtful) ward() string {
	for _, s := range append(slices.Clone(d.places), d.before) {
		if s.Message == nil {
			continue
		}
		if w, _ := s.Message.Get("PV1-3.1"); w != "" && len(w) <= 12 && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != ' ' }) {
			return "ward " + d.tells.hide(w)
		}
	}
	return ""
}

// headline answers whether it is still what was said.
func (d *doubtful) headline() string {
	front, behind := d.sides()
	rule := d.Rule()
	thing := thingOf(d.About)
	switch d.Kind {
	case string(ways.Altered):
		switch {
		case d.About == "PID":
			return "No. It was sent for one patient and arrived for another."
		case d.main == nil || isText(d.main.Before) || isText(d.main.After) || d.main.MaskBefore:
			return "No. What the " + behind + " received is not what the " + front + " sent."
		case d.main.Name != "Value":
			return "No. The " + strings.ToLower(d.main.Name) + " that the " + behind + " received is " + d.main.After + "; the " + front + " sent " + d.main.Before + "."
		}
		return "No. The " + behind + " received " + d.main.After + "; the " + front + " sent " + d.main.Before + "."
	case string(ways.Inserted):
		return "No. The " + behind + " received " + thing + " that the " + front + " did not send."
	case string(ways.Removed):
		return "No. The " + front + " sent " + thing + " that the " + behind + " did not receive."
	case string(ways.Unheard):
		return "Nobody in front said this. It came out, and it never went in."
	case string(ways.Lost):
		return "It never arrived. What went in did not come out, though later messages did."
	case string(ways.Rewritten):
		return "Yes, in all that decides about care. Something else is written in another way than before."
	case string(kept.Differs):
		if d.main == nil || isText(d.main.Before) || isText(d.main.After) {
			return "No. The record says something else than what was sent to it."
		}
		return "No. The record says " + d.main.After + "; " + d.main.Before + " was sent to it."
	case string(chart.BackDated):
		return "We doubt its date. The note claims a time at which it can hardly have been written."
	case string(chart.Mistimed):
		return "We doubt its time. What it claims and what else was heard do not fit together."
	case string(chart.Amended):
		return "We doubt it. " + page.Word(d.Count) + " entries of one chart were changed in a short time."
	case string(chart.Merged):
		return "We doubt it. Records of two different people were made one."
	case string(chart.Unfounded):
		return "We doubt it. " + page.Count(d.Count, "vaccination") + either(d.Count == 1, " was", " were") + " entered for people who were not here."
	}
	return page.Clean(rule.Title, 200) + "."
}

// now says whom to tell and what to do, care first.
func (d *doubtful) now() page.Now {
	front, behind := d.sides()
	rule := d.Rule()
	ward := cmp.Or(d.ward(), "whoever treats the patient")
	n := page.Now{State: doubtState(&d.Doubt), Label: "Care first, evidence second", Text: page.Clean(rule.CareImpact, 300), Action: page.Link{Text: "Open the finding", URL: "/findings?rule=" + rule.ID}}
	switch d.Kind {
	case string(ways.Altered):
		n.Title = "Tell " + ward + ": do not act on this until the " + front + " has said what it sent"
		if d.main != nil && d.main.Name == "Value" && !isText(d.main.After) {
			n.Title = "Tell " + ward + ": do not act on " + d.main.After + " until the " + front + " has said what it measured"
		}
		n.Text = strings.TrimSpace(d.limit + " Call the " + front + " and ask what it sent. The patient may already be treated by the other value: make sure, and have the test repeated if nobody can tell.")
	case string(ways.Inserted), string(ways.Unheard):
		n.Title = "Ask the " + front + " whether it sent this, before anybody acts on it"
		n.Text = "Tell " + ward + " meanwhile. " + n.Text
	case string(ways.Removed), string(ways.Lost):
		n.Title = "Tell " + ward + " that something may be missing, and have it sent again"
		n.Text = "Look into the queue of errors of the interface engine. The " + front + " can send it again to the " + behind + ". " + n.Text
	case string(ways.Rewritten):
		n.Title = "Ask whoever looks after the interface engine what was changed"
		n.Text = "Nothing that decides about care differs. Compare the date with that of the change ticket."
	case string(chart.BackDated):
		n.Title = "Ask the author when this was written, with the signs at hand"
	case string(chart.Mistimed):
		n.Title = "Ask who entered it when it was done, with the signs at hand"
	case string(chart.Amended):
		n.Title = "Ask the author who asked for these changes"
	case string(chart.Merged):
		n.Title = "Have the merge undone, or confirmed by somebody else than who made it"
	case string(chart.Unfounded):
		n.Title = "Ask who gave them, and look for the batch in the pharmacy’s books"
	}
	if readBack(d.Kind) {
		n.Title = cmp.Or(whatToDo[d.Kind], rule.Title)
	}
	if ofChart(d.Kind) {
		n.Text = strings.TrimSpace(n.Text + " The journal proves when each message was received.")
	}
	return n
}

// readBack tells the doubts that come of reading again what a system keeps.
func readBack(kind string) bool {
	return strings.HasPrefix(kind, "image-") || strings.HasPrefix(kind, "row-") || ofKept(kind)
}

// ofKept tells those for which what is kept was held against what was sent.
func ofKept(kind string) bool { return strings.HasPrefix(kind, "kept-") }

// whatToDo is the first thing to do about what was read back.
var whatToDo = map[string]string{
	string(image.Redrawn):    "Fetch the pictures from the machine that made them, before anybody reads those of the archive",
	string(image.Reassigned): "Find out whose pictures these are, before anybody reads them",
	string(image.Reworded):   "Compare with the machine that made it: side, scale and time may be wrong",
	string(image.Polyglot):   "Do not open it; keep it for those who look into it",
	string(row.Unversioned):  "Ask who may write to this database, and call the one who measured it",
	string(row.Older):        "Ask whether a backup was restored, and list what was entered since",
	string(row.Shared):       "Have the person who is responsible for this list confirm the change",
	string(row.Fewer):        "Look in the audit of the system for who deleted it, and ask for a backup",
	string(image.Gone):       "Look in the audit of the archive for who deleted it, and fetch it from a backup or from the machine that made it",
	string(image.Missing):    "Have it sent again by the machine that made it, before its own memory is emptied",
	string(row.History):      "Ask who may write to the database behind this server, and compare both versions with the one who wrote them",
	string(row.Uncorrected):  "Call the one who measured it, before anybody acts on the new value",
	string(kept.Differs):     "Call the one who sent it, before anybody acts on what the record says",
	string(kept.Missing):     "Have it sent again, and look why the record did not take it",
	string(row.Unread):       "See on the page Reconciliation when the system was read last, and in the log of the node why not",
	string(row.Tampered):     "Ask the administrators of the database what was done there",
}

// happeningSays is one thing that was heard of a record: what, by whom, as which version, and why it is odd. Nobody is named.
func (d *doubtful) happeningSays(h *integrity.Happening) (class, strong, text string) {
	class = map[string]string{"mismatch": "act", "pending": "watch"}[h.Outcome]
	class = cmp.Or(class, "ok")
	strong, where := capital(page.Clean(h.Act, 40)), "in "+page.Clean(h.Point, 40)
	if h.Act == "sent" {
		where = "by " + page.Clean(h.Point, 40)
	}
	value, _, _ := strings.Cut(h.Says, " ")
	if isAmount(value) {
		strong += ": " + d.tells.hide(h.Says)
	}
	parts := []string{where}
	if h.Version != "" && isAmount(h.Version) {
		parts = append(parts, "version "+page.Clean(h.Version, 12))
	}
	if h.State != "" {
		parts = append(parts, page.Clean(h.State, 20))
	}
	if h.By != "" {
		parts = append(parts, "changed by "+page.Mask(h.By))
	}
	text = strings.Join(parts, ", ")
	for _, why := range h.Why[:min(len(h.Why), 3)] {
		text += ". " + strings.TrimSuffix(page.Clean(why, 200), ".")
	}
	return class, strong, text
}

// answerSays is what a system said when it was asked because of a doubt.
func answerSays(a *integrity.Answer) (class, text string) {
	switch {
	case a.Answered.IsZero():
		return "dim", "asked; the answer stands here within a minute when it can be reached"
	case a.Outcome == integrity.OutcomeAbsent:
		return "act", "it knows nothing of it"
	case a.Outcome == integrity.OutcomeUnanswered:
		return "watch", "it could not be asked for a day"
	case a.Outcome == integrity.OutcomeChanged:
		return "watch", "images are others than when they were read last; what is wrong with them is a doubt of its own"
	case a.Outcome == integrity.OutcomeMatch:
		return "ok", "it says what it said when it was read last"
	case a.Outcome == "mismatch":
		return "act", "it was changed again, in a way in which its program does not"
	}
	return "watch", "it was changed again, as its program changes things"
}

// namesPeople tells columns that may say who somebody is.
func namesPeople(column string) bool {
	column = strings.ToLower(column)
	return slices.ContainsFunc([]string{"pat", "mrn", "name", "id", "birth", "born", "phone", "street", "insur", "visit", "case"}, func(w string) bool { return strings.Contains(column, w) })
}

// isAmount tells a number that says how much, and is too short to be somebody's.
func isAmount(text string) bool {
	digits := strings.Trim(text, "0123456789.-+<>") == "" && strings.ContainsAny(text, "0123456789")
	return digits && len(text) <= 7
}

// weighs draws the signs, the heaviest first on each side. It has no sum.
func (d *doubtful) weighs() *page.Weighing {
	var all []page.Weigh
	for _, s := range d.Signs {
		all = append(all, page.Weigh{Text: page.Clean(s.Text, 200), By: float64(s.Weight)})
	}
	slices.SortStableFunc(all, func(a, b page.Weigh) int { return cmp.Compare(b.By, a.By) })
	drawn := page.Weighed(all)
	if drawn != nil {
		drawn.Left = "speaks for it"
		if ofChart(d.Kind) {
			drawn.Left = "speaks for the chart"
		}
	}
	return drawn
}

// documents are the events of documents (HL7 v2.5.1 9.6).
var documents = map[string]string{
	"T01": "Document announced", "T02": "Note written", "T03": "State changed", "T04": "State and text changed", "T05": "Addendum announced", "T06": "Addendum", "T07": "Edit announced", "T08": "Edited",
	"T09": "Replacement announced", "T10": "Replaced", "T11": "Cancelled",
}

// chartLife is what was said of the chart in order, with the times that notes claim.
func (d *doubtful) chartLife() (heading string, rows []page.LifeRow) {
	heading = map[string]string{string(chart.BackDated): "The life of this note", string(chart.Amended): "The life of this chart", string(chart.Merged): "The life of these records", string(chart.Unfounded): "What was entered, and when", string(chart.Mistimed): "What was said, and when"}[d.Kind]
	type dated struct {
		at time.Time
		page.LifeRow
	}
	var all []dated
	for i := range d.places {
		s := &d.places[i]
		row := page.LifeRow{Time: d.tells.moment(s.Received), Class: "act", Strong: "Received", Text: s.Why, Seal: seal(s.Place.Entry, s.Place.Line)}
		if s.Message != nil {
			row.Strong, row.Text = d.eventSays(s)
		}
		all = append(all, dated{s.Received, row})
		if s.Message == nil || d.Kind == string(chart.Merged) {
			continue
		}
		claimed := d.tells.at(s.Message, "TXA-4", "TXA-6", "RXA-3")
		if !claimed.IsZero() && d.Kind == string(chart.BackDated) {
			all = append(all, dated{claimed, page.LifeRow{Time: d.tells.moment(claimed), Strong: "The time that the note claims"}})
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return a.at.Compare(b.at) })
	for _, one := range all {
		rows = append(rows, one.LifeRow)
	}
	if more := d.Count - len(d.places); more > 0 {
		rows = append(rows, page.LifeRow{Time: "and more", Strong: page.Plural(more, "message"), Text: "that are not listed here"})
	}
	return heading, rows
}

// eventSays is what a message did, in words.
func (d *doubtful) eventSays(s *integrity.Said) (strong, text string) {
	get := func(place string) string {
		v, _ := s.Message.Get(place)
		return v
	}
	trigger := get("MSH-9.2")
	switch d.Kind {
	case string(chart.Merged):
		return "Two records were made one", "(" + d.tells.short(trigger) + ")"
	case string(chart.Unfounded):
		given := d.tells.at(s.Message, "RXA-3")
		vaccine := d.tells.hide(cmp.Or(get("RXA-5.2"), get("RXA-5.1")))
		if given.IsZero() {
			return "Entered", vaccine
		}
		return "Entered", vaccine + ", said to be given " + d.tells.clock.At(given)
	}
	strong = cmp.Or(documents[trigger], "Document")
	if d.Kind == string(chart.Mistimed) && documents[trigger] == "" {
		return "Really received", ""
	}
	if d.Kind == string(chart.BackDated) {
		return "Really received: " + strings.ToLower(strong[:1]) + strong[1:], kindSays(d.tells.short(get("TXA-2")))
	}
	text = kindSays(d.tells.short(get("TXA-2")))
	if claimed := d.tells.at(s.Message, "TXA-4", "TXA-6"); !claimed.IsZero() {
		text = strings.TrimPrefix(text+", claims "+d.tells.clock.At(claimed), ", ")
	}
	return strong, text
}

func kindSays(code string) string {
	if code == "" || isText(code) {
		return ""
	}
	return "of the kind " + code
}
