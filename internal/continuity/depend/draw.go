package depend

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Draw writes a map as SVG, with classes alone, so that the page that holds it says how it looks, also in the dark and on paper. What is broken and what
// fails through it stands out, in the colour, the shape and the words of how bad that is; all else is pale. Patients stand on the units. Maps of some hundred
// things can be read; for more, draw the Part.
//
// The classes: map-line for links, with map-act, map-look, map-watch or map-dim on those by which something fails, and map-maybe on those that are only
// proposed; map-box for things, with the same four, map-cause for what is broken by itself and map-weak for what goes on with fewer legs; map-frame for what stands around
// things that rest on the same; map-mark for shapes; map-name, map-note and map-head for words.
func (im *Impact) Draw() string { return im.draw(0) }

// Brief draws it so that it is seen at one look: of things that rest on the same, and on which the same rests, the first four stand for all.
func (im *Impact) Brief() string { return im.draw(4) }

func (im *Impact) draw(most int) string {
	p := im.picture()
	p.most = most
	p.layout = p.g.Layout(Words{p.notes(), p.frame, most})
	w, h := p.layout.Width, p.layout.Height
	fmt.Fprintf(&p.b, `<svg xmlns="http://www.w3.org/2000/svg" class="chart map" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`, w, h, w, h, html.EscapeString(p.im.Title()))
	for _, head := range p.layout.Heads {
		fmt.Fprintf(&p.b, `<text class="map-head" x="%.1f" y="%.1f">%s</text>`, head.X, head.Y, head.Text)
	}
	p.lines()
	p.frames()
	for _, hit := range [...]bool{false, true} {
		for n := range p.layout.Boxes {
			if _, fails := p.im.failed[n]; fails == hit {
				p.box(n)
			}
		}
	}
	p.b.WriteString("</svg>\n")
	return p.b.String()
}

// picture prepares to draw.
func (im *Impact) picture() *picture {
	p := &picture{g: im.graph, im: im, census: im.census, now: im.now, weak: map[NodeID]*Weakened{}}
	for i := range p.im.Weakened {
		p.weak[p.im.Weakened[i].Node] = &p.im.Weakened[i]
	}
	return p
}

// Draw writes a map of which nothing is broken.
func (g *Graph) Draw(census Census) string { return g.Impact(nil, census, time.Time{}).Draw() }

// Title says what a map shows, for those who cannot see it.
func (im *Impact) Title() string {
	if len(im.Causes) == 0 {
		return "What rests on what. Nothing is broken."
	}
	names := make([]string, 0, 3)
	for _, c := range im.Causes {
		if len(names) == 2 && len(im.Causes) > 3 {
			names = append(names, fmt.Sprintf("%d more", len(im.Causes)-2))
			break
		}
		names = append(names, c.Name)
	}
	text := fmt.Sprintf("Broken: %s. It touches %s and %s with %s", strings.Join(names, ", "), many(len(im.Services), "service"), many(len(im.Units), "unit"), many(im.Patients, "patient"))
	if im.Unknown > 0 {
		text += fmt.Sprintf("; of %s the patients are not known", many(im.Unknown, "unit"))
	}
	return text + "."
}

func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + " " + thing + "s"
}

// picture is a map that is being drawn.
type picture struct {
	g      *Graph
	im     *Impact
	census Census
	now    time.Time
	weak   map[NodeID]*Weakened
	most   int // things that are shown of a frame; 0: all
	layout Layout
	b      strings.Builder
}

// notes are the words below the names.
func (p *picture) notes() map[NodeID][]string {
	notes := map[NodeID][]string{}
	for i := range p.g.nodes {
		id := p.g.nodes[i].ID
		if p.g.nodes[i].Kind == Unit && p.census.Patients != nil {
			notes[id] = []string{p.patients([]NodeID{id})}
		}
		if w := p.weak[id]; w != nil {
			notes[id] = append(notes[id], fmt.Sprintf("%d of %d left", len(w.Left), len(w.Left)+len(w.Lost)))
		}
	}
	for _, h := range p.im.Between {
		notes[h.Node] = []string{stops(h.Since, p.now)}
	}
	for i := range p.im.Services {
		s := &p.im.Services[i]
		notes[s.Node] = []string{remains(s.Until, p.now)}
	}
	for i := range p.im.Units {
		u := &p.im.Units[i]
		notes[u.Node] = append(notes[u.Node], remains(u.Until, p.now))
	}
	for _, c := range p.im.Causes {
		notes[c.Node] = []string{"broken for " + age(p.now.Sub(c.Since))}
		if c.Since.After(p.now) {
			notes[c.Node] = []string{stops(c.Since, p.now)}
		}
	}
	return notes
}

// patients says how many patients are in units.
func (p *picture) patients(ids []NodeID) string {
	sum, unknown := 0, 0
	for _, id := range ids {
		if n, known := p.census.Patients[id]; known && n >= 0 {
			sum += n
		} else {
			unknown++
		}
	}
	switch {
	case unknown == len(ids):
		return "patients not known"
	case unknown > 0:
		return fmt.Sprintf("%s or more", many(sum, "patient"))
	}
	return many(sum, "patient")
}

// frame says above things in a frame how many they are, and what is the same for all of them.
func (p *picture) frame(ids []NodeID) []string {
	n, _ := p.g.Node(ids[0])
	hidden := p.most > 0 && len(ids) > p.most
	if n.Kind != Unit && !hidden {
		return nil
	}
	lines := []string{many(len(ids), n.Kind.String())}
	if n.Kind == Unit && p.census.Patients != nil {
		lines[0] += ", " + p.patients(ids)
	}
	for i := range p.im.Units {
		if u := &p.im.Units[i]; u.Node == ids[0] {
			lines = append(lines, remains(u.Until, p.now)) // they rest on the same, so it is so for all
		}
	}
	if hidden {
		lines = append(lines, fmt.Sprintf("the first %d of them", p.most))
	}
	return lines
}

// remains says how long care goes on without.
func remains(until, now time.Time) string {
	if until.After(now) {
		return age(until.Sub(now)) + " left"
	}
	return "at risk for " + age(now.Sub(until))
}

func stops(since, now time.Time) string {
	if since.After(now) {
		return "stops in " + age(since.Sub(now))
	}
	return "stopped"
}

// age writes a time as the console does: 24 min, 15 h, 6 days.
func age(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// tone is the class of a picture for the class of a service.
func tone(c Class) string {
	switch c {
	case A:
		return "map-act"
	case B:
		return "map-look"
	case C:
		return "map-watch"
	}
	return "map-dim"
}

// lines draws links: the pale ones below, and those by which something fails from the mildest to the worst. Where lines run together they are drawn once.
func (p *picture) lines() {
	byTone := map[string][]string{}
	for i := range p.layout.Lines {
		line, tones := &p.layout.Lines[i], ""
		from, to := p.g.ends[i][0], p.g.ends[i][1]
		switch {
		case line.Edge.Kind == Proposed:
			tones = "map-maybe"
		case p.g.carries(i, p.im.failed):
			milder := p.im.worst[from]
			if rank(p.im.worst[to]) > rank(milder) {
				milder = p.im.worst[to]
			}
			tones = tone(milder)
		}
		for k := range len(line.Points) - 1 {
			byTone[tones] = append(byTone[tones], curve(line.Points[k], line.Points[k+1]))
		}
	}
	for _, tones := range [...]string{"", "map-maybe", "map-dim", "map-watch", "map-look", "map-act"} {
		list := byTone[tones]
		slices.Sort(list)
		if list = slices.Compact(list); len(list) > 0 {
			fmt.Fprintf(&p.b, `<path class="%s" d="%s"/>`, strings.TrimSpace("map-line "+tones), strings.Join(list, ""))
		}
	}
}

// curve leads from a place to another, level at both ends.
func curve(a, b Point) string {
	if a.X == b.X || a.Y == b.Y {
		return fmt.Sprintf("M%.1f %.1fL%.1f %.1f", a.X, a.Y, b.X, b.Y)
	}
	middle := (a.X + b.X) / 2
	return fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", a.X, a.Y, middle, a.Y, middle, b.Y, b.X, b.Y)
}

// frames draws what stands around things that rest on the same.
func (p *picture) frames() {
	for i := range p.layout.Frames {
		f := &p.layout.Frames[i]
		classes := "map-frame"
		if !slices.ContainsFunc(f.Nodes, func(id NodeID) bool { _, fails := p.im.failed[p.g.at[id]]; return !fails }) {
			classes += " " + tone(p.im.worst[p.g.at[f.Nodes[0]]]) // all of them fail, and touch the same
		}
		fmt.Fprintf(&p.b, `<g class="%s"><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="8"/>`, classes, f.X, f.Y, f.W, f.H)
		for k, note := range f.Notes {
			fmt.Fprintf(&p.b, `<text class="map-note" x="%.1f" y="%.1f">%s</text>`, f.X+framePad, f.Y+noteHigh*float64(k+1), html.EscapeString(note))
		}
		p.b.WriteString("</g>")
	}
}

// box draws a thing.
func (p *picture) box(n int) {
	box := &p.layout.Boxes[n]
	if box.W == 0 {
		return
	}
	f, fails := p.im.failed[n]
	classes := "map-box"
	switch {
	case fails:
		classes += " " + tone(p.im.worst[n])
		if f.through < 0 {
			classes += " map-cause"
		}
	case p.weak[box.Node] != nil:
		classes += " map-weak"
	}
	fmt.Fprintf(&p.b, `<g class="%s">`, classes)
	if title := box.Whole; title != "" {
		fmt.Fprintf(&p.b, `<title>%s</title>`, html.EscapeString(title))
	}
	fmt.Fprintf(&p.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5"/>`, box.X, box.Y, box.W, box.H)
	x, y := box.X+11, box.Y+boxTop+lineHigh/2
	switch {
	case fails:
		fmt.Fprintf(&p.b, `<path class="map-mark" d="%s"/>`, mark(p.im.worst[n], x, y))
	case p.weak[box.Node] != nil:
		fmt.Fprintf(&p.b, `<path class="map-mark" d="%s"/>`, mark(C, x, y))
	}
	y += 4
	for _, line := range box.Label {
		fmt.Fprintf(&p.b, `<text class="map-name" x="%.1f" y="%.1f">%s</text>`, box.X+boxLeft, y, html.EscapeString(line))
		y += lineHigh
	}
	for _, note := range box.Notes {
		fmt.Fprintf(&p.b, `<text class="map-note" x="%.1f" y="%.1f">%s</text>`, box.X+boxLeft, y-1, html.EscapeString(note))
		y += noteHigh
	}
	p.b.WriteString("</g>")
}

// mark is the shape of a class: diamond, triangle, half circle, dash.
func mark(c Class, x, y float64) string {
	switch c {
	case A:
		return fmt.Sprintf("M%.1f %.1fl6 6-6 6-6-6z", x, y-6)
	case B:
		return fmt.Sprintf("M%.1f %.1fl6 10h-12z", x, y-5)
	case C:
		return fmt.Sprintf("M%.1f %.1fa5 5 0 0 1 0 10z", x-2, y-5)
	}
	return fmt.Sprintf("M%.1f %.1fh10v2h-10z", x-5, y-1)
}
