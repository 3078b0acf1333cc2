// Package span reads times as content writes them: 15m, 8h, 30d.
package span

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Span is a time in content, not below 0.
type Span time.Duration

// UnmarshalYAML reads one. The error names the line.
func (s *Span) UnmarshalYAML(n *yaml.Node) error {
	if days, ok := strings.CutSuffix(n.Value, "d"); ok {
		if d, err := strconv.ParseUint(days, 10, 16); err == nil {
			*s = Span(time.Duration(d) * 24 * time.Hour)
			return nil
		}
	}
	d, err := time.ParseDuration(n.Value)
	if err != nil || d < 0 {
		return fmt.Errorf("line %d: a time is written as 15m, 8h or 30d", n.Line)
	}
	*s = Span(d)
	return nil
}
