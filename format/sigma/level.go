package sigma

import "strings"

// Level is the severity that the rule's author gives it.
type Level uint8

// The levels of the specification, in rising order.
const (
	LevelNone Level = iota // not stated
	LevelInformational
	LevelLow
	LevelMedium
	LevelHigh
	LevelCritical
)

// ParseLevel reads a level by its name, in any case.
func ParseLevel(name string) (Level, bool) {
	for l := LevelInformational; l <= LevelCritical; l++ {
		if strings.EqualFold(name, l.String()) {
			return l, true
		}
	}
	return LevelNone, false
}

// String returns the level's name as rules write it, and "" for LevelNone.
func (l Level) String() string {
	switch l {
	case LevelInformational:
		return "informational"
	case LevelLow:
		return "low"
	case LevelMedium:
		return "medium"
	case LevelHigh:
		return "high"
	case LevelCritical:
		return "critical"
	}
	return ""
}
