package hl7_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
)

// node is an element of the XML form that Mirth gives messages: PID, PID.3, PID.3.1, PID.3.1.1.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

// Mirth's own tests hold each message in two forms. Every value of the XML stands in the message, in its
// place, and the message has no segment more.
func TestCorpusPairs(t *testing.T) {
	dir := formattest.Corpora(t, "hl7v2", "mirth-er7-xml")
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files")
	}
	values := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var root node
		if err := xml.Unmarshal(text, &root); err != nil {
			t.Fatal(err)
		}
		name := strings.NewReplacer("-input.xml", "-output.txt", "-output.xml", "-input.txt").Replace(file)
		er7, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		values += samePair(t, filepath.Base(file), root, er7)
	}
	t.Logf("%d pairs, %d values equal", len(files), values)
}

func samePair(t *testing.T, name string, root node, er7 []byte) (equal int) {
	t.Helper()
	var messages []hl7.Message
	var segments []hl7.Segment
	var of []int // the message of each segment
	reader := hl7.NewReader(bytes.NewReader(er7), hl7.DefaultLimits())
	for {
		m, _, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		m, _ = hl7.Parse(bytes.Clone(m.Render()), hl7.DefaultLimits())
		messages = append(messages, m)
		for _, s := range m.Segments {
			if s.Name() != "" {
				segments, of = append(segments, s), append(of, len(messages)-1)
			}
		}
	}
	i := 0
	for _, segment := range root.Children {
		switch segment.XMLName.Local {
		case "FHS", "BHS", "BTS", "FTS": // around messages
			continue
		}
		if i == len(segments) || segments[i].Name() != segment.XMLName.Local {
			t.Errorf("%s: segment %d is not %s", name, i+1, segment.XMLName.Local)
			return equal
		}
		equal += sameSegment(t, name, &messages[of[i]], segments[i], segment)
		i++
	}
	if i != len(segments) {
		t.Errorf("%s: %d segments, want %d", name, len(segments), i)
	}
	return equal
}

// sameSegment compares the leaves of one segment. A field that stands in the XML n times is repeated n times.
func sameSegment(t *testing.T, name string, m *hl7.Message, s hl7.Segment, segment node) (equal int) {
	t.Helper()
	seen := map[string]int{}
	for _, field := range segment.Children {
		place := field.XMLName.Local
		seen[place]++
		number := last(t, place)
		text, _ := m.FieldText(s, number)
		if !(s.Name() == "MSH" && number <= 2) {
			text, _ = m.RepetitionText(text, seen[place])
		}
		equal += sameValue(t, name, m, field, text)
	}
	return equal
}

func sameValue(t *testing.T, name string, m *hl7.Message, v node, text []byte) (equal int) {
	t.Helper()
	if len(v.Children) == 0 {
		if string(text) != v.Text {
			t.Errorf("%s: %s differs", name, v.XMLName.Local)
			return 0
		}
		return 1
	}
	for _, child := range v.Children {
		n := last(t, child.XMLName.Local)
		part, ok := m.ComponentText(text, n)
		if strings.Count(child.XMLName.Local, ".") == 3 {
			part, ok = m.SubcomponentText(text, n)
		}
		if !ok {
			t.Errorf("%s: %s is not there", name, child.XMLName.Local)
			continue
		}
		equal += sameValue(t, name, m, child, part)
	}
	return equal
}

// last is the last number in a name such as PID.3.1.
func last(t *testing.T, name string) int {
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '.')+1:])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A capture of two connections: what stands in the frames is what another decoder saw.
func TestCorpusCapture(t *testing.T) {
	text, err := os.ReadFile(formattest.Corpora(t, "hl7v2", "pcap", "ndpi-hl7.tshark.json"))
	if err != nil {
		t.Fatal(err)
	}
	var packets []struct {
		Source struct {
			Layers struct {
				TCP struct {
					Payload string `json:"tcp.payload"`
				}
				Type  string `json:"hl7.message.type"`
				Event string `json:"hl7.event.type"`
			}
		} `json:"_source"`
	}
	if err := json.Unmarshal(text, &packets); err != nil {
		t.Fatal(err)
	}
	for i, p := range packets {
		payload, err := hex.DecodeString(strings.ReplaceAll(p.Source.Layers.TCP.Payload, ":", ""))
		if err != nil {
			t.Fatal(err)
		}
		frame, err := mllp.NewReader(bytes.NewReader(payload), 1<<20).Next()
		if err != nil || frame.Kind != mllp.Message {
			t.Fatalf("packet %d: frame of kind %d, %v", i, frame.Kind, err)
		}
		m, err := hl7.Parse(frame.Payload, hl7.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		kind, _ := m.Get("MSH-9.1")
		event, _ := m.Get("MSH-9.2")
		if kind != p.Source.Layers.Type || event != p.Source.Layers.Event {
			t.Errorf("packet %d is %s^%s, want %s^%s", i, kind, event, p.Source.Layers.Type, p.Source.Layers.Event)
		}
	}
	t.Logf("%d packets", len(packets))
}
