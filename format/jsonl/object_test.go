package jsonl_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/wardline/wardline/format/jsonl"
)

func TestObjectEnd(t *testing.T) {
	for text, want := range map[string]int{
		`{}`: 2, `{"a":"}"}{`: 9, `{"a":"\"}"} `: 11, `{"a":[{}]}`: 10, `{"a":"\\"}`: 10,
		``: -1, ` {}`: -1, `[]`: -1, `{"a":"}`: -1, `{"a":{}`: -1, `{"a":"\`: -1, `{"a":[[[[]]]]}`: -1,
	} {
		if got := jsonl.ObjectEnd([]byte(text), 4); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// FuzzObjectEnd compares with Go's own decoder on what is JSON.
func FuzzObjectEnd(f *testing.F) {
	f.Add([]byte(`{"a":"\"}"}{}`))
	f.Add([]byte(`{"a":[1,{"b":"]"}]} x`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d := json.NewDecoder(bytes.NewReader(text))
		var raw json.RawMessage
		if len(text) == 0 || text[0] != '{' || d.Decode(&raw) != nil {
			return
		}
		if got := jsonl.ObjectEnd(text, 20_000); got != len(raw) {
			t.Fatalf("%d, want %d", got, len(raw))
		}
	})
}
