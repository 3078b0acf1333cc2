package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"
)

// Flows says which feeds speak.
type Flows struct {
	Frame
	Views                 []Tab
	Now                   *Now
	Steps                 []string // what to do meanwhile
	StepsFor              string
	Feeds                 []FeedCard
	Servers               []ServerRow
	Signs                 []SignRow
	EmptyTitle, EmptyText string
}

// FeedCard is how one feed does.
type FeedCard struct {
	Name, URL string
	State     State
	Week      *Week // nil in the first hours
	Says      string
}

// FlowRow is a feed of which a line is enough.
type FlowRow struct {
	Name, URL, Heard, Count string
	State                   State
}

// ServerRow is a server that is asked whether it answers.
type ServerRow struct {
	Name, Kind, Says, Certificate string
	State                         State
}

// SignRow is one thing that disrupted care, or threatened to.
type SignRow struct {
	State      State
	When, Says string
}

// Incidents lists what disrupts care, and what did.
type Incidents struct {
	Frame
	Views      []Tab
	Open, Over []IncidentRow
}

// IncidentRow is one incident.
type IncidentRow struct {
	Title, URL, Since, Lasted, Signs string
	State                            State
}

// Incident is one cause, with what it does to care and how it went.
type Incident struct {
	Frame
	State         State
	Label, About  string
	Care          []Pair
	Steps         []string // what to do without the first service
	StepsFor      string
	Services      []ServiceRow
	Signs         []SignRow
	Lost          string
	Map           template.HTML // SVG of what is touched; empty when nothing is
	Finding, Take string        // where it is judged, and where somebody takes it
}

// FlowMap says what rests on what, and whom a failure touches.
type FlowMap struct {
	Frame
	Views     []Tab
	Map       template.HTML // SVG, drawn by package depend; empty when nothing is known, or too much
	MapSays   string
	Trouble   string // with the house's own map; empty when there is none
	Other     *Link  // to the whole map, or back to what is touched
	Services  []ServiceRow
	Steps     []string // what to do without the first of these
	StepsFor  string
	Fails     []MapRow // the same as a list, and what else is on the map
	FailsOpen bool     // they are few
	Holds     []MapRow
	HoldsAll  string
	Asked     []LinkRow
	AskedAll  string
	MayLink   bool // the reader may answer
	Said      []LinkRow
	Empty     string
}

// MapRow is a thing on the map.
type MapRow struct {
	Name, Kind, Says, Needs string
	State                   State
}

// LinkRow is a link that traffic shows: what people are asked about it, or what they said.
type LinkRow struct {
	ID, URL, Question, Says string
	State                   State // of what was said
}

// ServiceRow is a service that is touched.
type ServiceRow struct{ Name, Harm, Left, Call string }

// Flow is one feed.
type Flow struct {
	Frame
	Now      *Now
	Week     *Week
	Facts    []Pair
	Parts    []FlowRow
	Signs    []SignRow
	Ordinary string // where to say that it is like that; empty when nothing is to be said
	Sure     string // how sure we are
}

// Week draws seven days of a feed: its usual range as a band, and what came as a line.
type Week struct {
	Title         string // the same in words
	Width, Height int
	Base          int    // where nothing came
	Band, Line    string // paths; Band is empty while nothing is known of what is usual
	Gap           *Bar   // of silence, up to now
	Days          []Label
	Ticks         []string // where days begin
	Silent        bool
	Mark          string // path of the sign at the end of silence
}

// WeekPoint is what came in half an hour.
type WeekPoint struct {
	At          time.Time
	Came, Usual float64
	Deaf        bool // nothing is known of it
}

// WeekSize is how large a week is drawn, in units of its view box.
type WeekSize struct{ Width, Height int }

// SmallWeek is the size in a list.
func SmallWeek() WeekSize { return WeekSize{300, 64} }

// LargeWeek is the size on a page of its own.
func LargeWeek() WeekSize { return WeekSize{640, 150} }

// DrawWeek draws the last seven days up to now. silent is since when the feed is silent, zero when it speaks.
func DrawWeek(size WeekSize, points []WeekPoint, silent time.Time, clock Clock, title string) *Week {
	hours, begin := hourly(points, clock)
	if len(hours) < 2 {
		return nil
	}
	w := &Week{Title: title, Width: size.Width, Height: size.Height, Base: size.Height - 14, Silent: !silent.IsZero()}
	w.Mark = fmt.Sprintf("M%d %dl5 5-5 5-5-5z", w.Width-5, w.Base-5)
	wide, base := float64(w.Width), float64(w.Base)
	span := clock.Now.Sub(begin).Seconds()
	x := func(t time.Time) float64 { return max(0, min(wide, wide*t.Sub(begin).Seconds()/span)) }
	most := 1.0
	for _, h := range hours {
		_, high := usual(h.Usual)
		most = max(most, h.Came, high)
	}
	y := func(v float64) float64 { return base - (base-4)*v/most }
	var line, high strings.Builder
	var low []string
	pen := "M"
	for _, h := range hours {
		middle := h.At.Add(30 * time.Minute)
		if h.Usual > 0 {
			down, up := usual(h.Usual)
			step := "L"
			if high.Len() == 0 {
				step = "M"
			}
			fmt.Fprintf(&high, "%s%.1f %.1f", step, x(middle), y(up))
			low = append(low, fmt.Sprintf("L%.1f %.1f", x(middle), y(down)))
		}
		if h.Deaf {
			pen = "M"
			continue
		}
		fmt.Fprintf(&line, "%s%.1f %.1f", pen, x(middle), y(h.Came))
		pen = "L"
	}
	w.Line = line.String()
	if high.Len() > 0 {
		slices.Reverse(low)
		w.Band = high.String() + strings.Join(low, "") + "z"
	}
	if w.Silent {
		from := x(silent)
		w.Gap = &Bar{X: fmt.Sprintf("%.1f", from), Y: "0", Width: fmt.Sprintf("%.1f", wide-from), Height: fmt.Sprint(w.Base), Title: "silent"}
	}
	w.days(begin, clock, x)
	return w
}

// days names the days below, and marks where they begin.
func (w *Week) days(begin time.Time, clock Clock, x func(time.Time) float64) {
	local := begin.In(clock.Zone)
	for day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, clock.Zone); day.Before(clock.Now); day = day.AddDate(0, 0, 1) {
		end := day.AddDate(0, 0, 1)
		if day.After(begin) {
			w.Ticks = append(w.Ticks, fmt.Sprintf("%.1f", x(day)))
		}
		if left, right := x(day), x(end); right-left >= 24 {
			w.Days = append(w.Days, Label{X: fmt.Sprintf("%.1f", (left+right)/2), Y: fmt.Sprint(w.Height - 2), Anchor: "middle", Text: day.Format("Mon")})
		}
	}
}

// hourly adds half hours up, from seven days before now on.
func hourly(points []WeekPoint, clock Clock) (hours []WeekPoint, begin time.Time) {
	begin = clock.Now.Add(-7 * 24 * time.Hour)
	for _, p := range points {
		if p.At.Before(begin) || p.At.Add(30*time.Minute).After(clock.Now) { // the present half hour is not over
			continue
		}
		hour := p.At.Truncate(time.Hour)
		if n := len(hours); n > 0 && hours[n-1].At.Equal(hour) {
			h := &hours[n-1]
			h.Came, h.Usual, h.Deaf = h.Came+p.Came, h.Usual+p.Usual, h.Deaf || p.Deaf
			continue
		}
		p.At = hour
		hours = append(hours, p)
	}
	return hours, begin
}

// usual is the range in which nineteen of twenty hours of bursty messages lie.
func usual(mean float64) (low, high float64) {
	if mean == 0 {
		return 0, 0
	}
	spread := 2 * math.Sqrt(3*mean)
	return max(0, mean-spread), mean + spread
}
