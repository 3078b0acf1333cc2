//go:build !unix

package bench_test

import "time"

// cpuTime is the time of day: ratios of neighbouring passes still mean something.
func cpuTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
