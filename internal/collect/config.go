package collect

import (
	"errors"
	"time"
)

// Config is the part intake of the configuration: what senders may cost, and when one is missed.
type Config struct {
	// Senders is how many are told apart at a time. Beyond, those that were quiet longest are forgotten; their books
	// are sealed before.
	Senders int `yaml:"senders"`

	// Waiting is how many bytes may be handed in and not durable yet, for all senders that prove who
	// they are, and as many for all others.
	Waiting int64 `yaml:"waiting_bytes"`

	// Limit is for each sender.
	Limit Limit `yaml:"limit"`

	// Limits are for senders by their id, in place of Limit: for the collector that speaks for a whole house.
	Limits map[string]Limit `yaml:"limits"`

	// Expect lists the ids of senders that must be there: they are shown as never seen until they come.
	Expect []string `yaml:"expect"`

	// Silence says when a sender is missed.
	Silence Silence `yaml:"silence"`

	// Silent is told of each sender that falls silent, once. It must not block.
	Silent func(Standing) `yaml:"-"`
}

// Limit is what one sender may cost. Whoever sends more is slowed down, and over UDP, where nobody
// can be slowed down, loses what is too much; that is counted.
type Limit struct {
	Events  float64 `yaml:"events_per_second"`
	Bytes   float64 `yaml:"bytes_per_second"`
	Waiting int64   `yaml:"waiting_bytes"` // handed in and not durable yet: its share
}

// Silence says when a sender is missed: when it has been quiet for Factor times its usual gap, and for
// AtLeast. The usual gap is the one in which an arbitrary moment falls: a system that sends every
// second by day and nothing at night has one of hours.
type Silence struct {
	Factor  float64       `yaml:"factor"`
	AtLeast time.Duration `yaml:"at_least"`
	// Learn is how long a sender must be known before Silent is told of it.
	Learn time.Duration `yaml:"learn"`
}

// DefaultConfig serves a house of some thousand senders.
func DefaultConfig() Config {
	return Config{
		Senders: 10_000,
		Waiting: 8 << 20,
		Limit:   Limit{Events: 10_000, Bytes: 32 << 20, Waiting: 256 << 10},
		Silence: Silence{Factor: 4, AtLeast: 10 * time.Minute, Learn: 24 * time.Hour},
	}
}

// Check says what is wrong with c, before anything is opened.
func (c *Config) Check() error {
	limits := []Limit{c.Limit}
	for _, l := range c.Limits {
		limits = append(limits, l)
	}
	for _, l := range limits {
		if l.Events < 1 || l.Bytes < 1 || l.Waiting < 1 || l.Waiting > c.Waiting {
			return errors.New("intake: a limit needs events_per_second, bytes_per_second and waiting_bytes, " +
				"each at least 1, and waiting_bytes at most that of all senders together")
		}
	}
	switch {
	case c.Senders < 1:
		return errors.New("intake: senders must be at least 1")
	case c.Silence.Factor < 1 || c.Silence.AtLeast <= 0 || c.Silence.Learn < 0:
		return errors.New("intake: silence needs a factor of at least 1, at_least above zero and learn not below")
	}
	return nil
}

// limit is that of a sender.
func (c *Config) limit(id string) Limit {
	if l, ok := c.Limits[id]; ok {
		return l
	}
	return c.Limit
}
