package elastic

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/wardline/wardline/format/jsonl"
)

// item is one action of a _bulk body, with the document that belongs to it.
type item struct {
	action    string // index, create, update or delete
	index, id string // of the document; "" when the action does not say
	doc       []byte // nil for delete
	offset    int64  // of doc in the body
}

// mostItems bounds the items of one body: each costs memory before it is known to be an event.
const mostItems = 100_000

// longestName bounds the index and the id of an item; Elasticsearch takes 255 and 512 bytes.
const longestName = 512

var (
	errNoItems  = errors.New("the body holds no items")
	errTooMany  = errors.New("more than " + strconv.Itoa(mostItems) + " items: send less at once")
	errNewline  = errors.New("the bulk request must be terminated by a newline [\\n]")
	errNoSource = errors.New("the last action has no document")
)

// actionError says which line is no action.
type actionError struct{ line int }

func (e *actionError) Error() string {
	return "malformed action/metadata line [" + strconv.Itoa(e.line) + "]"
}

// frame cuts a _bulk body into items. Either all of it has the form of one or nothing is taken from it: what
// follows a line that is no action may be read in the wrong step.
func frame(body []byte, index string) ([]item, error) {
	if len(body) > 0 && body[len(body)-1] != '\n' {
		return nil, errNewline
	}
	items := make([]item, 0, min(bytes.Count(body, []byte{'\n'})/2, mostItems))
	var x jsonl.Index
	at := 0
	next := func() []byte {
		n := bytes.IndexByte(body[at:], '\n')
		line := body[at : at+n]
		at += n + 1
		return bytes.TrimSuffix(line, []byte{'\r'})
	}
	for line := 1; at < len(body); line++ {
		text := next()
		if len(bytes.TrimSpace(text)) == 0 {
			continue // some shippers end with an empty line
		}
		it := item{index: index}
		if !it.parse(text, &x) {
			return nil, &actionError{line}
		}
		if it.action != "delete" {
			if at >= len(body) {
				return nil, errNoSource
			}
			it.offset = int64(at)
			it.doc = next()
			line++
		}
		if items = append(items, it); len(items) > mostItems {
			return nil, errTooMany
		}
	}
	if len(items) == 0 {
		return nil, errNoItems
	}
	return items, nil
}

// parse reads an action line: one object with one member, the action, that holds its metadata.
func (it *item) parse(text []byte, x *jsonl.Index) bool {
	if x.Scan(text, jsonl.Limits{Depth: 4, Values: 32}) != nil || len(x.Values) == 0 || x.Values[0].Kind != jsonl.Object {
		return false
	}
	switch name := string(text[x.Values[0].NameStart:x.Values[0].NameEnd]); name {
	case "index", "create", "update", "delete":
		it.action = name
	default:
		return false
	}
	for i := 1; i < len(x.Values); i++ {
		v := &x.Values[i]
		if v.Parent < 0 {
			return false // a second action
		}
		if v.Parent != 0 {
			continue
		}
		into := &it.index
		switch string(text[v.NameStart:v.NameEnd]) {
		case "_index":
		case "_id":
			into = &it.id
		default:
			continue
		}
		if v.Kind == jsonl.Null {
			continue
		}
		if v.Kind != jsonl.String && v.Kind != jsonl.Number {
			return false
		}
		if *into = string(x.Text(text, i, nil)); len(*into) > longestName {
			return false
		}
	}
	return true
}
