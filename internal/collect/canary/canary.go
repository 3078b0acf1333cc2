// Package canary reads what the watchers of decoys send: that a decoy file was touched, that somebody knocked at a decoy door, and
// each minute that they still watch.
package canary

import (
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Shape returns the shape "canary". Its events are the watcher's objects as they are (internal/continuity/canary has their fields).
func Shape() collect.Shape {
	const (
		product = iota
		service
		kind
		when
		watcher
		count
	)
	paths := collect.NewPicker("product", "service", "type", "time", "watcher")
	return collect.Shape{
		Name: "canary",
		Fits: func(obj collect.Object) int {
			var at [count]int32
			paths.Pick(obj, at[:])
			if string(obj.Raw(at[product])) != "wardline" || string(obj.Raw(at[service])) != "canary" || at[kind] < 0 || at[watcher] < 0 {
				return 0
			}
			return 95
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
			var at [count]int32
			paths.Pick(obj, at[:])
			ev.Class = o.Taxonomy.Class("wardline", "canary", "")
			ev.Time, _ = event.ParseTime(obj.Raw(at[when]))
			return nil
		},
	}
}
