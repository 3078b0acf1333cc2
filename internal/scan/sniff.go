package scan

import (
	"github.com/wardline/wardline/internal/collect"
)

// recognise returns the format that is surest of the content, or nil when none is.
// Names of files count for nothing: logs are renamed, and attackers name files too.
func recognise(formats []collect.Format, head []byte) *collect.Format {
	var best *collect.Format
	bestScore := 0
	for i := range formats {
		if score := formats[i].Sniff(head); score > bestScore {
			best, bestScore = &formats[i], score
		}
	}
	return best
}
