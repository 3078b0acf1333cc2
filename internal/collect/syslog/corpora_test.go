package syslog_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/rfc6587"
	"github.com/wardline/wardline/internal/collect/syslog"
)

// value is a message as the public tables write it.
type value struct {
	Priority, Facility, Severity              *uint8
	Version                                   uint16
	Timestamp                                 *string
	Hostname, Appname, ProcID, MsgID, Message *string
	StructuredData                            map[string]map[string]string
}

func valueOf(m syslog.Message) value {
	v := value{Version: m.Version, Hostname: pointer(m.Hostname), Appname: pointer(m.AppName), ProcID: pointer(m.ProcID), MsgID: pointer(m.MsgID), Message: pointer(m.Message)}
	if m.HasPriority {
		facility, severity := m.Priority>>3, m.Priority&7
		v.Priority, v.Facility, v.Severity = &m.Priority, &facility, &severity
	}
	if len(m.Timestamp) > 0 {
		v.Timestamp = pointer([]byte(m.Time.Format(time.RFC3339Nano)))
	}
	for _, e := range m.Data {
		if v.StructuredData == nil {
			v.StructuredData = map[string]map[string]string{}
		}
		v.StructuredData[e.ID] = map[string]string{}
		for _, p := range e.Params {
			v.StructuredData[e.ID][p.Name] = p.Value
		}
	}
	return v
}

func pointer(b []byte) *string {
	if len(b) == 0 {
		return nil
	}
	s := string([]rune(string(b))) // the tables write U+FFFD for bytes that are not UTF-8
	return &s
}

// inUTC lets times of equal instants be equal.
func inUTC(v *value) *value {
	if v != nil && v.Timestamp != nil {
		if t, err := time.Parse(time.RFC3339Nano, *v.Timestamp); err == nil {
			s := t.UTC().Format(time.RFC3339Nano)
			v.Timestamp = &s
		}
	}
	return v
}

// TestPublicMessages holds verdicts and values against public tables.
func TestPublicMessages(t *testing.T) {
	for _, table := range []string{"rfc5424.jsonl", "rfc3164.jsonl"} {
		checked, differ := 0, 0
		for row := range rows(t, table) {
			var c struct {
				Input []byte `json:"input_b64"`
				Valid bool
				Value *value
			}
			if err := json.Unmarshal(row, &c); err != nil {
				t.Fatal(err)
			}
			checked++
			m, valid := syslog.Exact(c.Input)
			if table == "rfc3164.jsonl" {
				m, valid = syslog.Read(c.Input), true // whatever is no RFC 5424
			}
			if valid != c.Valid {
				differ++
				t.Errorf("%s case %d: got valid %v, want %v", table, checked, valid, c.Valid)
				continue
			}
			if !c.Valid {
				continue
			}
			if diff := cmp.Diff(syslog.Read(c.Input), m); diff != "" && !bytes.Contains(c.Input, []byte("\xef\xbb\xbf")) {
				t.Errorf("%s case %d: a Format reads -, the standard +:\n%s", table, checked, diff)
			}
			got := valueOf(m)
			if diff := cmp.Diff(&got, inUTC(c.Value)); diff != "" {
				differ++
				t.Errorf("%s case %d: got -, want +:\n%s", table, checked, diff)
			}
		}
		t.Logf("%s: %d cases, %d differ", table, checked, differ)
	}
}

// TestPublicStreams does the same for counted streams, read until the first fault.
func TestPublicStreams(t *testing.T) {
	type result struct {
		Message *value
		Error   string
	}
	checked := 0
	for row := range rows(t, "octetcounting.jsonl") {
		var c struct {
			Input   []byte `json:"input_b64"`
			Results []result
			Max     int `json:"max_message_length"`
		}
		if err := json.Unmarshal(row, &c); err != nil {
			t.Fatal(err)
		}
		if c.Max == 0 {
			c.Max = 8192 // the default of the tables' author
		}
		checked++
		var want, got []*value // nil for a fault
		for _, r := range c.Results {
			if r.Error != "" {
				r.Message = nil
			}
			want = append(want, inUTC(r.Message))
		}
		frames := rfc6587.NewCountedReader(bytes.NewReader(c.Input), c.Max)
		for {
			f, err := frames.Next()
			var frame *rfc6587.FrameError
			if err != nil && !errors.As(err, &frame) {
				break
			}
			m, good := syslog.Exact(f.Message)
			if err != nil || !good {
				got = append(got, nil)
				break
			}
			v := valueOf(m)
			got = append(got, &v)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("stream %d: got -, want +:\n%s", checked, diff)
		}
	}
	t.Logf("%d streams", checked)
}

// rows yields the lines of a table in the folder of public test data.
func rows(t *testing.T, name string) func(func([]byte) bool) {
	t.Helper()
	f, err := os.Open(formattest.Corpora(t, "syslog", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return func(yield func([]byte) bool) {
		s := bufio.NewScanner(f)
		s.Buffer(nil, 8<<20)
		for s.Scan() && yield(s.Bytes()) {
		}
	}
}
