package sigma

import "time"

// CorrelationType names what a correlation counts.
type CorrelationType string

// The correlation types of the Sigma correlation rules specification 2.1.0,
// and value_median, which pySigma adds.
const (
	EventCount      CorrelationType = "event_count"
	ValueCount      CorrelationType = "value_count"
	Temporal        CorrelationType = "temporal"
	TemporalOrdered CorrelationType = "temporal_ordered"
	ValueSum        CorrelationType = "value_sum"
	ValueAvg        CorrelationType = "value_avg"
	ValuePercentile CorrelationType = "value_percentile"
	ValueMedian     CorrelationType = "value_median"
)

// Correlation joins the matches of several rules, or of one rule over time.
type Correlation struct {
	Rule     // title, id, name, level, author and the like; its Logsource, Selections and Conditions are empty
	Type     CorrelationType
	Rules    []string // ids or names, in the order written
	GroupBy  []string
	Timespan time.Duration
	Aliases  []Alias
	Generate bool // members' own findings are reported too
	// Threshold, all of which must hold; for temporal types it counts distinct rules (default: all of them).
	Threshold []Threshold
	// Extended is the boolean expression over rule names of an extended temporal
	// correlation (`condition: a and not b`); nil otherwise.
	Extended *Condition
	// ValueField is the field that the value_* types look at, as named in the condition.
	ValueField string
	Percentile float64 // value_percentile only, 0 to 100
}

// Threshold is one comparison of a correlation's condition.
type Threshold struct {
	Op    Comparison
	Value float64
}

// Comparison is an operator of a correlation's condition.
type Comparison string

// The operators of the specification.
const (
	GT  Comparison = "gt"
	GTE Comparison = "gte"
	LT  Comparison = "lt"
	LTE Comparison = "lte"
	EQ  Comparison = "eq"
	NEQ Comparison = "neq"
)

// Alias is a group-by name that stands for a different field in each rule.
type Alias struct {
	Name   string
	Fields map[string]string // rule id or name -> field of its events
}
