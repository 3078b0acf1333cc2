// Package windows reads Windows events that other programs have turned into JSON:
// evtx_dump, Winlogbeat, NXLog and data sets in the flat form of Sysmon's own names.
package windows

import (
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Shapes returns the shapes of this package.
func Shapes() []collect.Shape { return []collect.Shape{flat(), winlogbeat(), dump()} }

// dialect is where an agent keeps what tells an event's class and time.
type dialect struct {
	name  string // in the taxonomy
	paths *collect.Picker
}

// Places in a dialect's list of paths; further ones hold the time, the surest first.
const (
	channel = iota
	eventID
	eventCode // another name of eventID
	firstTime
	pathCount = firstTime + 6
)

func flatDialect() dialect {
	return dialect{name: "windows", paths: collect.NewPicker(
		"Channel", "EventID", "EventId",
		// EventTime comes last: NXLog writes it in the sender's local time without saying which.
		"TimeCreated_SystemTime", "UtcTime", "SystemTime", "TimeCreated", "@timestamp", "EventTime",
	)}
}

// flat is an event with all its fields at the top.
func flat() collect.Shape {
	d := flatDialect()
	return collect.Shape{
		Name:    "windows",
		Fits:    func(obj collect.Object) int { return d.fits(obj, 90) },
		Certain: true,
		Event:   d.event,
	}
}

// winlogbeat is an event in the Elastic Common Schema, as Winlogbeat and Elastic Agent write it.
func winlogbeat() collect.Shape {
	d := dialect{name: "winlogbeat", paths: collect.NewPicker(
		"winlog.channel", "winlog.event_id", "event.code",
		"@timestamp", "winlog.time_created", "event.created",
	)}
	return collect.Shape{
		Name:    "winlogbeat",
		Fits:    func(obj collect.Object) int { return d.fits(obj, 95) },
		Certain: true,
		Event:   d.event,
	}
}

// place is where an object keeps what tells its class and time.
type place [pathCount]int32

// find looks for them, and tells whether the object is an event of the dialect.
func (d dialect) find(obj collect.Object, at *place) bool {
	d.paths.Pick(obj, at[:])
	if at[eventID] < 0 {
		at[eventID] = at[eventCode]
	}
	return at[channel] >= 0 && at[eventID] >= 0 && obj.Index.Values[at[channel]].Kind == jsonl.String
}

func (d dialect) fits(obj collect.Object, sure int) int {
	var at place
	if !d.find(obj, &at) {
		return 0
	}
	return sure
}

// event leaves the object as it is.
func (d dialect) event(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
	var at place
	if !d.find(obj, &at) {
		return collect.ErrUnfit
	}
	d.classify(obj, &at, o, ev)
	return nil
}

// classify sets Class and Time by what stands at the places of obj, which are the Fields of ev.
func (d dialect) classify(obj collect.Object, at *place, o collect.Options, ev *event.Event) {
	var name [256]byte
	ev.Class = obj.ClassOf(o.Taxonomy, d.name, obj.String(at[channel], name[:0]), obj.Raw(at[eventID])).Refine(ev)
	for _, i := range at[firstTime:] {
		if t, ok := event.ParseTime(obj.Raw(i)); ok {
			ev.Time = t
			return
		}
	}
}
