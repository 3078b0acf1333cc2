package app

import (
	"bufio"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/scan"
)

// statsLine is what scan --stats ends with.
type statsLine struct {
	Bytes    int64            `json:"bytes"`    // read, packed as they lay
	Expanded int64            `json:"expanded"` // after unpacking
	Sources  int64            `json:"sources"`
	Events   int64            `json:"events"`
	Formats  map[string]int64 `json:"formats"`
	Damaged  int64            `json:"damaged"`
	Skipped  int64            `json:"skipped"`     // records without an event in them
	Passed   int64            `json:"passed_over"` // sources of no format that is known
	Damage   []scan.Damage    `json:"damage,omitempty"`
	Rules    struct {
		Loaded  int       `json:"loaded"`
		Refused []refusal `json:"refused"`
	} `json:"rules"`
	Indicators int64     `json:"indicators"`
	Unlisted   []refusal `json:"indicators_refused,omitempty"`
	Seconds    float64   `json:"seconds"`
	PeakMemory int64     `json:"peak_memory"` // bytes
}

type refusal struct {
	Source string `json:"source"`
	Line   int    `json:"line,omitempty"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

func (s *scanRun) writeStats() error {
	if !s.Stats {
		return nil
	}
	line := statsLine{
		Bytes: s.stats.Bytes.Load(), Expanded: s.stats.Expanded.Load(), Sources: s.stats.Sources.Load(),
		Events: s.stats.Events.Load(), Formats: s.stats.Formats(), Damaged: s.stats.Damaged.Load(),
		Skipped: s.stats.Skipped.Load(), Passed: s.stats.PassedOver.Load(), Damage: s.stats.Damage(), Indicators: s.count,
		Seconds: time.Since(s.started).Seconds(), PeakMemory: peakMemory(),
	}
	line.Rules.Refused = []refusal{}
	if s.loaded.engine != nil {
		line.Rules.Loaded = s.loaded.count()
		for _, p := range s.loaded.refused() {
			line.Rules.Refused = append(line.Rules.Refused, refusal{p.File, p.Line, p.ID, p.Reason})
		}
	}
	for _, p := range s.unlisted {
		line.Unlisted = append(line.Unlisted, refusedEntry(p))
	}
	enc := json.NewEncoder(s.terminal.Err)
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}

// peakMemory is the most memory that the process ever held, or, where the system does not
// say, what the runtime has obtained.
func peakMemory() int64 {
	if f, err := os.Open("/proc/self/status"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
				kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
				if err == nil {
					return kib << 10
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
