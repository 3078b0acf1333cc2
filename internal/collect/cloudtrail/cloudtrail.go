// Package cloudtrail reads CloudTrail, the record of who did what in an Amazon
// Web Services account.
package cloudtrail

import (
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Shape returns the shape "cloudtrail". Its events are CloudTrail's records as they are.
func Shape() collect.Shape {
	const (
		eventName = iota
		eventSource
		eventTime
		mark  // from here on fields that other senders of the three above do not have
		count = mark + 3
	)
	paths := collect.NewPicker("eventName", "eventSource", "eventTime", "eventVersion", "awsRegion", "userIdentity")
	return collect.Shape{
		Name: "cloudtrail",
		Fits: func(obj collect.Object) int {
			var at [count]int32
			paths.Pick(obj, at[:])
			if at[eventName] < 0 || at[eventSource] < 0 || at[eventTime] < 0 {
				return 0
			}
			for _, i := range at[mark:] {
				if i >= 0 {
					return 95
				}
			}
			return 40
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
			var at [count]int32
			paths.Pick(obj, at[:])
			ev.Class = o.Taxonomy.Class("aws", "cloudtrail", "")
			ev.Time, _ = event.ParseTime(obj.Raw(at[eventTime]))
			return nil
		},
	}
}
