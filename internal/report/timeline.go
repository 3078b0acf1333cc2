package report

import (
	"cmp"
	"slices"
	"time"
)

// The picture of time is drawn here as numbers; the page's template writes the SVG.
// One lane for each place, worst first; one mark for each finding, its shape telling
// how severe it is; a line as long as the finding lasted. Long silences are cut out,
// so that a night stays readable in a year of logs.

const (
	laneHeight = 34
	laneLeft   = 172 // room for the names of the lanes
	chartWidth = 1040
	chartRight = 18
	maxLanes   = 12
	maxMarks   = 400
	crowded    = 30 // marks; beyond, only the two worst levels are labelled
	maxCuts    = 4
	cutWidth   = 34
	charWidth  = 6 // of a label, about
)

type chart struct {
	Width, Height, Bottom, Left, Right int
	Desc                               string
	Lanes                              []lane
	Ticks                              []tick
	Cuts                               []tick
	Untimed                            int // findings whose events say no time
	Left2                              int // findings beyond what the picture can hold
}

type lane struct {
	Name  string
	Y     int
	Marks []mark
}

type mark struct {
	X, X2, Y int
	Class    string
	Anchor   string
	Title    string // for the pointer and the screen reader
	Label    string // beside the mark, where there is room
	LabelX   int
	Drop     int  // of the label's foot below the lane's line
	End      bool // the label stands left of the mark
	at       time.Time
	rank     int
}

type tick struct {
	X     int
	Label string
	Y     int
}

// timeline places the findings. They come worst first, so what does not fit is the
// least severe.
func timeline(cards []card, run *Run) *chart {
	c := &chart{Width: chartWidth, Left: laneLeft, Right: chartWidth - chartRight}
	var times []time.Time
	for _, k := range cards {
		for _, f := range k.Findings {
			if f.first.IsZero() {
				c.Untimed++
				continue
			}
			times = append(times, f.first, f.last)
		}
	}
	if len(times) == 0 {
		return nil
	}
	axis := newAxis(times)
	c.place(cards, axis, run.zone())
	c.Bottom = len(c.Lanes)*laneHeight + 8
	c.Height = c.Bottom + 40
	c.Ticks, c.Cuts = axis.ticks(run.zone())
	c.Desc = "Findings over time, " + span(slices.MinFunc(times, time.Time.Compare), slices.MaxFunc(times, time.Time.Compare), run.zone()) +
		", one row for each of " + Plural(int64(len(c.Lanes)), "place") + ". The same facts stand in the list below."
	return c
}

func (c *chart) place(cards []card, axis *axis, zone *time.Location) {
	at := map[string]int{}
	marks := 0
	for _, k := range cards {
		for _, f := range k.Findings {
			if f.first.IsZero() {
				continue
			}
			if marks++; marks > maxMarks {
				c.Left2++
				continue
			}
			i, ok := at[f.lane]
			if !ok {
				i = min(len(c.Lanes), maxLanes-1)
				if i == len(c.Lanes) {
					c.Lanes = append(c.Lanes, lane{Name: clip(f.lane, 24), Y: i*laneHeight + laneHeight/2 + 6})
				} else {
					c.Lanes[i].Name = "Other places"
				}
				at[f.lane] = i
			}
			l := &c.Lanes[i]
			m := mark{X: axis.x(f.first), X2: axis.x(f.last), Y: l.Y, Class: k.Class, Anchor: f.Anchor, Label: clip(k.Title, 56), at: f.first, rank: k.rank,
				Title: k.Word + ": " + clip(k.Title, 120) + ", " + span(f.first, f.last, zone) + ", " + f.Place}
			l.Marks = append(l.Marks, m)
		}
	}
	worst := 4
	if marks > crowded {
		worst = 1
	}
	for i := range c.Lanes {
		c.Lanes[i].label(worst)
	}
}

// label gives a name to the marks of rank worst or above that have room for one, and
// puts the marks in the order of time, in which a reader with a keyboard meets them.
func (l *lane) label(worst int) {
	slices.SortStableFunc(l.Marks, func(a, b mark) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.rank, b.rank)) })
	type gap struct{ a, b int }
	var above []gap
	said := map[string]bool{} // one label for one rule
	taken := make([]gap, 0, 2*len(l.Marks))
	for _, m := range l.Marks {
		taken = append(taken, gap{m.X - 9, max(m.X, m.X2) + 9})
	}
	free := func(in []gap, a, b int) bool {
		return a >= laneLeft && b <= chartWidth && !slices.ContainsFunc(in, func(g gap) bool { return a < g.b && b > g.a })
	}
	order := make([]int, len(l.Marks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(l.Marks[a].rank, l.Marks[b].rank) })
	for _, i := range order {
		m := &l.Marks[i]
		w := columns(m.Label)*charWidth + 4
		right, left := max(m.X, m.X2)+10, m.X-10
		m.Drop = 4
		switch {
		case said[m.Label] || m.rank > worst:
			m.Label = ""
		case free(taken, right, right+w):
			m.LabelX = right
			taken = append(taken, gap{right, right + w})
		case free(taken, left-w, left):
			m.LabelX, m.End = left, true
			taken = append(taken, gap{left - w, left})
		case free(above, m.X+9, m.X+9+w):
			m.LabelX, m.Drop = m.X+9, -9
			above = append(above, gap{m.X, m.X + 9 + w})
		case free(above, m.X-9-w, m.X-9):
			m.LabelX, m.Drop, m.End = m.X-9, -9, true
			above = append(above, gap{m.X - 9 - w, m.X})
		default:
			m.Label = ""
		}
		said[m.Label] = true
	}
}

// axis maps time to a place on the line, with long silences cut out.
type axis struct{ parts []part }

type part struct {
	from, to time.Time
	x, w     int
}

func newAxis(times []time.Time) *axis {
	slices.SortFunc(times, time.Time.Compare)
	total := times[len(times)-1].Sub(times[0])
	cuts := cutsOf(times, total)
	a := &axis{}
	from := times[0]
	for _, c := range cuts {
		a.parts = append(a.parts, part{from: from, to: times[c]})
		from = times[c+1]
	}
	a.parts = append(a.parts, part{from: from, to: times[len(times)-1]})
	a.share()
	return a
}

// cutsOf returns the gaps to cut, as indices of the last time before each: at most
// maxCuts, each longer than an eighth of all time and than six hours.
func cutsOf(times []time.Time, total time.Duration) []int {
	var cuts []int
	for i := range len(times) - 1 {
		if gap := times[i+1].Sub(times[i]); gap > 6*time.Hour && gap > total/8 {
			cuts = append(cuts, i)
		}
	}
	slices.SortFunc(cuts, func(i, j int) int { return cmp.Compare(times[j+1].Sub(times[j]), times[i+1].Sub(times[i])) })
	cuts = cuts[:min(maxCuts, len(cuts))]
	slices.Sort(cuts)
	return cuts
}

// share gives each part room by how long it is, and none less than a label needs.
func (a *axis) share() {
	const least = 110
	room := chartWidth - laneLeft - chartRight - 24 - cutWidth*(len(a.parts)-1) - least*len(a.parts)
	var total time.Duration
	for _, p := range a.parts {
		total += p.to.Sub(p.from)
	}
	x := laneLeft + 12
	for i := range a.parts {
		p := &a.parts[i]
		p.x, p.w = x, least
		if total > 0 {
			p.w += int(float64(room) * float64(p.to.Sub(p.from)) / float64(total))
		} else {
			p.w += room / len(a.parts)
		}
		x += p.w + cutWidth
	}
}

func (a *axis) x(t time.Time) int {
	for i, p := range a.parts {
		if t.After(p.to) && i < len(a.parts)-1 {
			continue
		}
		if d := p.to.Sub(p.from); d > 0 {
			return p.x + int(float64(p.w)*float64(t.Sub(p.from))/float64(d))
		}
		return p.x + p.w/2
	}
	return laneLeft
}

// ticks labels round times inside each part, and the silences between the parts.
func (a *axis) ticks(zone *time.Location) (ticks, cuts []tick) {
	day := "2 Jan"
	if a.parts[0].from.Year() != a.parts[len(a.parts)-1].to.Year() {
		day = "2 Jan 2006"
	}
	last := ""
	for i, p := range a.parts {
		if i > 0 {
			before := a.parts[i-1]
			cuts = append(cuts, tick{X: before.x + before.w + cutWidth/2, Label: clock(p.from.Sub(before.to))})
		}
		step := stepOf(p.to.Sub(p.from), p.w)
		for t := roundUp(p.from, step, zone); step > 0 && !t.After(p.to); t = t.Add(step) {
			ticks = append(ticks, tick{X: a.x(t), Label: label(t.In(zone), step, day, &last)})
		}
		if len(ticks) == 0 || ticks[len(ticks)-1].X < p.x {
			ticks = append(ticks, tick{X: a.x(p.from), Label: label(p.from.In(zone), 0, day, &last)})
		}
	}
	return ticks, cuts
}

// stepOf chooses a round step that leaves about 100 units between two labels.
func stepOf(d time.Duration, w int) time.Duration {
	const day = 24 * time.Hour
	want := d / time.Duration(max(1, w/100))
	for _, s := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour / 2,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day, 3650 * day} {
		if s >= want && s > 0 {
			return s
		}
	}
	return 0
}

func roundUp(t time.Time, step time.Duration, zone *time.Location) time.Time {
	if step == 0 {
		return t
	}
	_, shift := t.In(zone).Zone()
	offset := time.Duration(shift) * time.Second
	r := t.Add(offset).Truncate(step)
	if r.Before(t.Add(offset)) {
		r = r.Add(step)
	}
	return r.Add(-offset)
}

// label writes the day only where it changes.
func label(t time.Time, step time.Duration, day string, last *string) string {
	if step >= 24*time.Hour {
		return t.Format("2 Jan 2006")
	}
	text := t.Format("15:04")
	if step > 0 && step < time.Minute {
		text = t.Format("15:04:05")
	}
	if today := t.Format(day); today != *last {
		*last = today
		text = today + ", " + text
	}
	return text
}
