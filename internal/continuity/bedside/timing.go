package bedside

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Timing is when a drug is to be given, as far as the order says it.
type Timing struct {
	How     string        `json:"how,omitempty"`    // as sent: BID, Q8H, a sentence
	Name    string        `json:"name,omitempty"`   // of a pattern whose hours the house knows: QD BID TID QID QAM QPM QHS ...
	Clocks  []int         `json:"clocks,omitempty"` // hours that the order states, in minutes of the day
	Every   time.Duration `json:"every,omitempty"`
	Start   time.Time     `json:"start"`   // as stated; zero when it is not
	Entered time.Time     `json:"entered"` // when the order was, before which nothing is due
	End     time.Time     `json:"end"`
	Once    bool          `json:"once,omitempty"`
	Needed  bool          `json:"needed,omitempty"` // given when the patient needs it
}

// Rounds are the hours, in minutes of the day, at which a house gives what is ordered only by how often: HL7 leaves them to the house (table 0335).
type Rounds map[string][]int

// UsualRounds are those of many houses.
func UsualRounds() Rounds {
	h := func(hours ...int) (list []int) {
		for _, n := range hours {
			list = append(list, n*60)
		}
		return list
	}
	return Rounds{
		"QD": h(8), "QAM": h(8), "QPM": h(18), "QHS": h(22), "BID": h(8, 20), "TID": h(8, 14, 20), "QID": h(8, 12, 16, 20), "5ID": h(6, 10, 14, 18, 22),
		"QSHIFT": h(7, 15, 23),
	}
}

// read takes a repeat pattern: what it means is entered, and what it is called is kept.
func (t *Timing) read(pattern string) {
	if pattern == "" {
		return
	}
	t.How = clip(strings.TrimSpace(t.How + " " + pattern))
	for word := range strings.FieldsSeq(strings.ToUpper(pattern)) {
		switch {
		case strings.HasPrefix(word, "PRN"):
			t.Needed = true
		case word == "ONCE" || word == "STAT" || word == "NOW" || word == "1X" || word == "X1":
			t.Once = true
		default:
			t.word(word)
		}
	}
}

// word reads one word of a pattern (table 0335).
func (t *Timing) word(word string) {
	switch word {
	case "DAILY", "Q1D", "OD", "1ID":
		word = "QD"
	case "2ID":
		word = "BID"
	case "3ID":
		word = "TID"
	case "4ID":
		word = "QID"
	case "QH":
		word = "Q1H"
	}
	if every, ok := interval(word); ok {
		t.Every = every
		return
	}
	if len(word) <= 8 && t.Name == "" {
		t.Name = word
	}
}

// interval reads Q<n> with a unit: Q8H, Q30M, Q2D.
func interval(word string) (time.Duration, bool) {
	units := map[byte]time.Duration{'M': time.Minute, 'H': time.Hour, 'D': 24 * time.Hour, 'W': 7 * 24 * time.Hour}
	if len(word) < 3 || word[0] != 'Q' {
		return 0, false
	}
	n, err := strconv.Atoi(word[1 : len(word)-1])
	unit, known := units[word[len(word)-1]]
	if err != nil || !known || n < 1 || n > 1000 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// clock adds an hour that the order states, as HHMM or HH.
func (t *Timing) clock(text string) {
	text = strings.ReplaceAll(text, ":", "")
	if len(text) == 2 {
		text += "00"
	}
	if len(text) < 4 {
		return
	}
	hours, err := strconv.Atoi(text[:2])
	minutes, err2 := strconv.Atoi(text[2:4])
	at := hours*60 + minutes
	if err != nil || err2 != nil || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || len(t.Clocks) == mostClocks {
		return
	}
	if i, there := slices.BinarySearch(t.Clocks, at); !there {
		t.Clocks = slices.Insert(t.Clocks, i, at)
	}
}

// quickest is the shortest interval that is told time by time; what is given more often runs on.
const quickest = 15 * time.Minute

// mostSlots is how many times one order is told for: those of three days, every quarter of an hour.
const mostSlots = 400

// slots lists when the drug is due after one moment and not after another. usual tells that the hours are the house's and not the order's; clear is false
// when nobody can tell when: then whoever reads the order decides.
func (t *Timing) slots(from, to time.Time, last time.Time, zone *time.Location, rounds Rounds) (list []time.Time, usual, clear bool) {
	clocks := t.Clocks
	switch {
	case t.Once:
		return t.within(list, known(t.Start, t.Entered), from, to), false, true
	case t.Needed:
		return nil, false, true
	case t.Every != 0 && len(clocks) == 0:
		start := known(t.Start, last)
		if start.IsZero() || t.Every < quickest {
			return nil, false, false
		}
		return t.steps(start, from, to, zone), false, true
	case len(clocks) == 0:
		clocks, usual = rounds[t.Name], true
	}
	if len(clocks) == 0 || t.Every > 24*time.Hour {
		return nil, false, false // every second day at eight: from which day on?
	}
	day := from.In(zone)
	for day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone); !day.After(to); day = day.AddDate(0, 0, 1) {
		for _, c := range clocks {
			list = t.within(list, time.Date(day.Year(), day.Month(), day.Day(), c/60, c%60, 0, 0, zone), from, to)
		}
	}
	return list, usual, true
}

// steps lists the times of an interval. Days are days of the calendar, on which clocks may change; hours are hours.
func (t *Timing) steps(start, from, to time.Time, zone *time.Location) (list []time.Time) {
	days := int(t.Every / (24 * time.Hour))
	whole := t.Every%(24*time.Hour) == 0
	n := max(0, int(from.Sub(start)/t.Every)-1)
	for ; len(list) < mostSlots; n++ {
		at := start.Add(time.Duration(n) * t.Every)
		if whole {
			at = start.In(zone).AddDate(0, 0, n*days)
		}
		if at.After(to) {
			break
		}
		list = t.within(list, at, from, to)
	}
	return list
}

func (t *Timing) within(list []time.Time, at, from, to time.Time) []time.Time {
	if !at.After(from) || at.After(to) || at.Before(known(t.Start, t.Entered)) || !t.End.IsZero() && !at.Before(t.End) || len(list) == mostSlots {
		return list
	}
	return append(list, at.UTC())
}
