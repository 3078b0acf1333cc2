// Package eve reads EVE, the JSON in which Suricata reports alerts and what it saw of
// each protocol on the network.
package eve

import (
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Shape returns the shape "eve". Its events are Suricata's objects as they are; their
// service is the event_type.
func Shape() collect.Shape {
	const (
		eventType = iota
		timestamp
		mark  // from here on fields of which every record has one
		count = mark + 5
	)
	paths := collect.NewPicker("event_type", "timestamp", "flow_id", "src_ip", "pkt_src", "stats", "engine")
	return collect.Shape{
		Name: "eve",
		Fits: func(obj collect.Object) int {
			var at [count]int32
			paths.Pick(obj, at[:])
			if at[eventType] < 0 || at[timestamp] < 0 {
				return 0
			}
			for _, i := range at[mark:] {
				if i >= 0 {
					return 95
				}
			}
			return 30
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
			var at [count]int32
			paths.Pick(obj, at[:])
			ev.Class = o.Taxonomy.ClassOf("suricata", obj.Raw(at[eventType]), nil)
			ev.Time, _ = event.ParseTime(obj.Raw(at[timestamp]))
			return nil
		},
	}
}
