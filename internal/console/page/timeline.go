package page

import (
	"fmt"
	"slices"
	"time"
)

// Timeline is one day as a picture: a lane for each kind of thing, from left to right.
type Timeline struct {
	Title  string // the same in words, for those who cannot see it
	Width  int
	Height int
	Wide   bool   // it has the whole page
	Base   string // where the lines of the hours end
	Hours  []Label
	Lanes  []Lane
	Legend bool
	Marked string // what the marks stand for
}

// Lane is one line of a Timeline.
type Lane struct {
	Name   string
	Y      string // of the name
	Strong bool   // it is what the page is about
	Bars   []Bar
	Soft   bool // the bars are plans, not facts
	Dots   []Dot
	Open   bool // of the dots nothing is known yet
	Marks  []Mark
	Empty  *Empty
}

// Dot is something that needs no name.
type Dot struct{ X, Y string }

// Mark is something that matters, with a word beside it.
type Mark struct{ X, Y, Path, TextX, TextY, Anchor, Text string }

// Empty is a line through a lane in which nothing happened, with what that means.
type Empty struct{ From, To, Y, BoxX, BoxY, BoxWidth, TextX, TextY, Text string }

// Stretch is a time from when to when.
type Stretch struct {
	From, To time.Time
	Title    string
}

// Moment is something at a time.
type Moment struct {
	At   time.Time
	Text string // beside it; empty for none
}

// LaneOf is what a lane of a Timeline shows.
type LaneOf struct {
	Name      string
	Strong    bool
	Planned   bool
	Stretches []Stretch
	Dots      []time.Time
	Open      bool // of the dots nothing is known yet
	Moments   []Moment
	Nothing   string // said when the lane is empty
}

// The measures of a Timeline, in units of its picture, of which one is about a pixel.
const (
	dayWidth  = 560  // beside other cards
	wideWidth = 1080 // with the whole page
	dayLeft   = 128
	dayEdge   = 8
	laneHigh  = 30
	laneFirst = 39
)

// scale is where times lie in a picture.
type scale struct {
	from, to time.Time
	right    float64
}

func (s scale) x(t time.Time) float64 {
	part := float64(t.Sub(s.from)) / float64(s.to.Sub(s.from))
	return dayLeft + (s.right-dayLeft)*min(max(part, 0), 1)
}

func (s scale) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// Day draws lanes over the hours from, to; wide is for one that has the whole page. Times outside are cut off. It is nil
// when there is nothing to draw.
func Day(title string, from, to time.Time, zone *time.Location, wide bool, lanes ...LaneOf) *Timeline {
	if !to.After(from) || len(lanes) == 0 {
		return nil
	}
	d := &Timeline{Title: title, Width: dayWidth, Height: laneFirst + laneHigh*len(lanes) - 10, Wide: wide}
	if wide {
		d.Width = wideWidth
	}
	d.Base = fmt.Sprint(d.Height - 8)
	s := scale{from, to, float64(d.Width - dayEdge)}
	d.Hours = hours(s, zone)
	for i := range lanes {
		lane, has := drawLane(&lanes[i], s, float64(laneFirst+laneHigh*i))
		d.Legend = d.Legend || has
		d.Lanes = append(d.Lanes, lane)
	}
	return d
}

// hours labels the axis: every two hours, or fewer where a day has more of them.
func hours(s scale, zone *time.Location) []Label {
	step := 2 * time.Hour
	for s.to.Sub(s.from)/step > 8 {
		step += time.Hour
	}
	var all []Label
	for t := s.from; !t.After(s.to); t = t.Add(step) {
		l := Label{X: fmt.Sprintf("%.1f", s.x(t)), Y: "12", Anchor: "middle", Text: t.In(zone).Format("15:04")}
		if s.x(t) > s.right-20 {
			l.Anchor = "end"
		}
		all = append(all, l)
	}
	return all
}

// drawLane draws one lane around the height y, and tells whether it holds what the legend explains.
func drawLane(of *LaneOf, s scale, y float64) (Lane, bool) {
	lane := Lane{Name: of.Name, Y: fmt.Sprintf("%.0f", y+4), Strong: of.Strong, Soft: of.Planned, Open: of.Open}
	at := func(v float64) string { return fmt.Sprintf("%.1f", v) }
	for _, b := range of.Stretches {
		if b.To.Before(s.from) || b.From.After(s.to) {
			continue
		}
		lane.Bars = append(lane.Bars, Bar{X: at(s.x(b.From)), Y: at(y - 7), Width: at(max(2, s.x(b.To)-s.x(b.From))), Height: "14", Title: b.Title})
	}
	for _, t := range of.Dots {
		if s.holds(t) {
			lane.Dots = append(lane.Dots, Dot{X: at(s.x(t)), Y: at(y)})
		}
	}
	lane.Marks = marks(of.Moments, s, y)
	if len(lane.Bars)+len(lane.Dots)+len(lane.Marks) == 0 && of.Nothing != "" {
		middle, wide := (dayLeft+s.right)/2, min(s.right-dayLeft-40, 24+6.4*float64(len([]rune(of.Nothing))))
		lane.Empty = &Empty{
			From: fmt.Sprint(dayLeft), To: at(s.right), Y: at(y), BoxX: at(middle - wide/2), BoxY: at(y - 9), BoxWidth: at(wide),
			TextX: at(middle), TextY: at(y + 4), Text: of.Nothing,
		}
	}
	return lane, len(lane.Dots)+len(lane.Marks) > 0
}

// The width of a mark to each side with a little air, and where its word begins.
const markHalf, markWord = 9.0, 12.0

// marks draws what matters. A word stands right of its mark where the next mark leaves room for it and the day does not end, or
// else left of it; where it would lie over another mark or word it is left out, and the title has it. So of marks that lie close the
// first and the last have their words.
func marks(moments []Moment, s scale, y float64) []Mark {
	sorted := slices.DeleteFunc(slices.Clone(moments), func(m Moment) bool { return !s.holds(m.At) })
	slices.SortFunc(sorted, func(a, b Moment) int { return a.At.Compare(b.At) })
	var all []Mark
	free := float64(dayLeft) // from where on nothing is drawn yet
	for i, m := range sorted {
		at, next := s.x(m.At), s.right+6
		if i+1 < len(sorted) {
			next = min(next, s.x(sorted[i+1].At)-markHalf)
		}
		mark := Mark{X: fmt.Sprintf("%.1f", at), Y: fmt.Sprintf("%.1f", y), Path: fmt.Sprintf("M%.1f %.1fl8 8-8 8-8-8z", at, y-8)}
		long := 6.8 * float64(len([]rune(m.Text)))
		left := at - markWord - long
		end := at + markHalf
		switch {
		case m.Text == "":
		case at+markWord+long <= next:
			mark.Text, mark.TextX, mark.TextY, mark.Anchor = m.Text, fmt.Sprintf("%.1f", at+markWord), fmt.Sprintf("%.1f", y+4), "start"
			end = at + markWord + long
		case left >= free:
			mark.Text, mark.TextX, mark.TextY, mark.Anchor = m.Text, fmt.Sprintf("%.1f", at-markWord), fmt.Sprintf("%.1f", y+4), "end"
		}
		free = max(free, end)
		all = append(all, mark)
	}
	return all
}
