package chart

import (
	"cmp"
	"slices"
	"time"
)

// voice is how one sender speaks of one kind of thing: when it does, how late its messages come, and what numbers it gives.
type voice struct {
	Spoken ring      `json:"spoken"`
	Hours  [24]int64 `json:"hours"` // messages by hour of the day
	Begun  time.Time `json:"begun"`
	Last   string    `json:"last"` // id of the latest message
	LastAt time.Time `json:"lastAt"`
	Lags   []lag     `json:"lags"`   // of the latest messages
	Tracks []track   `json:"tracks"` // of the numbers that it gives
}

// lag is how long after the time that it bears a message came.
type lag struct {
	At  int64 `json:"at"`  // Unix seconds
	Lag int64 `json:"lag"` // seconds
}

const (
	mostVoices = 500
	mostLags   = 32
	mostTracks = 4
	mostMarks  = 16
)

// Hear notes that a sender said something: every message of it, so that its silences are known. voice names sender and kind; sent is the time that
// the message bears.
func (c *Chart) Hear(name, id string, sent, received time.Time) {
	v := c.voice(name)
	if v == nil {
		return
	}
	if v.Begun.IsZero() {
		v.Begun = received
	}
	v.Spoken.set(quarterOf(received))
	v.Hours[received.UTC().Hour()]++
	v.Last, v.LastAt = id, received
	if !sent.IsZero() {
		v.Lags = append(v.Lags, lag{received.Unix(), int64(received.Sub(sent) / time.Second)})
		if n := len(v.Lags) - mostLags; n > 0 {
			v.Lags = slices.Delete(v.Lags, 0, n)
		}
	}
}

func (c *Chart) voice(name string) *voice {
	v := c.voices[name]
	if v == nil && len(c.voices) < mostVoices {
		v = &voice{}
		c.voices[name] = v
	}
	return v
}

// fewExpected is how many messages a silence has to have swallowed, by what is usual at those hours, to be one: chance makes a silence of five in one
// of 150 cases.
const fewExpected = 5

// silent tells whether a sender said nothing around a time, where it usually does.
func (v *voice) silent(at time.Time) bool {
	q, first := quarterOf(at), quarterOf(v.Begun)
	days := float64(v.Spoken.Last-first) / 96
	if days < 2 || q <= max(first, v.Spoken.Last-ringQuarters) || q >= v.Spoken.Last || v.Spoken.has(q) {
		return false
	}
	expected := 0.0
	count := func(q int64) { expected += float64(v.Hours[q/4%24]) / 4 / days }
	count(q)
	for i := q - 1; i > first && i > q-96 && !v.Spoken.has(i); i-- {
		count(i)
	}
	for i := q + 1; i < v.Spoken.Last && i < q+96 && !v.Spoken.has(i); i++ {
		count(i)
	}
	return expected >= fewExpected
}

// The clock of a sender, as a message shows it.
type clocking uint8

const (
	timely   clocking = iota
	replayed          // its sender said nothing then: the message waited, with others
	stepped           // other messages of that time bear such a time too: the clock was another one
	misdated          // this message alone bears a time at which its sender spoke, and did not say this
)

// odd is how far the lag of a message has to be from what is usual.
const odd = 15 * time.Minute

// clock tells what the time says that a message bears.
func (v *voice) clock(sent, received time.Time) clocking {
	if sent.IsZero() || len(v.Lags) < 8 {
		return timely
	}
	lags := make([]int64, len(v.Lags))
	for i, l := range v.Lags {
		lags[i] = l.Lag
	}
	slices.Sort(lags)
	mine := int64(received.Sub(sent) / time.Second)
	if usual := lags[len(lags)/2]; max(mine-usual, usual-mine) < int64(odd/time.Second) {
		return timely
	}
	if v.silent(sent) {
		return replayed
	}
	alike := 0
	for _, l := range v.Lags {
		if near(time.Unix(l.At, 0), received, 30*time.Minute) && max(l.Lag-mine, mine-l.Lag) < 120 {
			alike++
		}
	}
	if alike > 3 { // itself among them
		return stepped
	}
	return misdated
}

// track is the latest numbers of one kind that a sender gave.
type track struct {
	Falls int64  `json:"falls"` // how often a number was lower than the one before
	All   int64  `json:"all"`
	Last  uint64 `json:"last"`
	Marks []mark `json:"marks"` // the latest
}

type mark struct {
	Number uint64 `json:"number"`
	At     int64  `json:"at"` // when it was entered, as it says; Unix seconds
}

// outOfOrder takes the numbers that a message bears, and tells whether one of them was given after others that were entered long after this one claims
// to be. Where numbers do not rise it is not known.
func (v *voice) outOfOrder(serials []string, entered time.Time) Truth {
	known := Unknown
	for i, s := range serials[:min(len(serials), mostTracks)] {
		for len(v.Tracks) <= i {
			v.Tracks = append(v.Tracks, track{})
		}
		if n := number(s); n > 0 && !entered.IsZero() {
			if holds := v.Tracks[i].take(n, entered.Unix()); known != Yes && holds != Unknown {
				known = holds
			}
		}
	}
	return known
}

// slack is how much earlier than those before it something may claim to be.
const slack = time.Hour

func (t *track) take(n uint64, entered int64) (early Truth) {
	t.All++
	if n < t.Last {
		t.Falls++
	}
	if t.All > enough && 50*t.Falls < t.All {
		early = t.early(n, entered)
	}
	t.Last = max(t.Last, n)
	if t.All < enough || 50*t.Falls > t.All { // they do not rise: the latest is what is compared with
		t.Last = n
	}
	t.Marks = append(t.Marks, mark{n, entered})
	if over := len(t.Marks) - mostMarks; over > 0 {
		t.Marks = slices.Delete(t.Marks, 0, over)
	}
	return early
}

// early compares with the eight numbers before it: half of them were entered long after it.
func (t *track) early(n uint64, entered int64) Truth {
	var before []mark
	for _, m := range t.Marks {
		if m.Number < n {
			before = append(before, m)
		}
	}
	slices.SortFunc(before, func(a, b mark) int { return cmp.Compare(b.Number, a.Number) })
	before = before[:min(len(before), 8)]
	if len(before) < 5 {
		return Unknown
	}
	slices.SortFunc(before, func(a, b mark) int { return cmp.Compare(a.At, b.At) })
	if entered+int64(slack/time.Second) < before[len(before)/2].At {
		return Yes
	}
	return No
}

// number is the digits with which a number ends, up to eighteen.
func number(text string) uint64 {
	i := len(text)
	for i > 0 && len(text)-i < 18 && text[i-1] >= '0' && text[i-1] <= '9' {
		i--
	}
	var n uint64
	for _, c := range text[i:] {
		n = 10*n + uint64(c-'0')
	}
	return n
}
