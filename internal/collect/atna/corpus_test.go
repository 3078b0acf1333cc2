package atna_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect/atna"
	"github.com/wardline/wardline/internal/event"
)

// Every audit message of the corpus becomes the access that a plain reader of its XML would tell: the verb, whose records, and the
// person who asked, else the system that did. A query is asked by its source (110153), whatever was sent to whom.
func TestCorpusAccess(t *testing.T) {
	dir := formattest.Corpora(t, "audit")
	f, err := os.Open(filepath.Join(dir, "atna-index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	verbs := map[string]string{"110112": "search", "110106": "export", "110107": "import", "110100": "start"}
	byAction := map[string]string{"C": "create", "R": "read", "U": "update", "D": "delete"}
	lines := bufio.NewScanner(f)
	n := 0
	for lines.Scan() {
		var want struct {
			File   string
			Fields struct {
				EventID      string `json:"event_id"`
				EventAction  string `json:"event_action"`
				Patients     []string
				Participants []struct {
					User, Net, Requestor string
					Roles                []string
				}
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		n++
		in, err := os.Open(filepath.Join(dir, want.File))
		if err != nil {
			t.Fatal(err)
		}
		var ev event.Event
		if err := atna.Format().Open(in, options(t)).Next(&ev); err != nil {
			t.Fatalf("%s: %v", want.File, err)
		}
		in.Close()
		var fields struct{ Access map[string]any }
		if err := json.Unmarshal(ev.Fields, &fields); err != nil {
			t.Fatal(err)
		}
		a := fields.Access
		verb := verbs[want.Fields.EventID]
		if verb == "" {
			verb = byAction[want.Fields.EventAction]
		}
		if strings.Contains(want.File, "xpidsource") { // its life cycle says that an identifier was deleted
			verb = "delete"
		}
		if a["verb"] != verb && !(a["verb"] == "merge" && strings.Contains(want.File, "merge")) {
			t.Errorf("%s: verb %v, want %s", want.File, a["verb"], verb)
		}
		list, _ := a["patient"].([]any)
		for _, p := range want.Fields.Patients {
			number := p[strings.LastIndexByte(strings.Split(p, "^")[0], '|')+1:]
			if number = strings.Split(number, "^")[0]; !slices.Contains(list, any(number)) {
				t.Errorf("%s: a patient is not among %d", want.File, len(list))
			}
		}
		users := []string{}
		for _, p := range want.Fields.Participants {
			if p.Requestor == "true" {
				users = append(users, p.User)
			}
		}
		if user, _ := a["user"].(string); !slices.Contains(users, user) {
			t.Errorf("%s: the user is none of the %d who asked", want.File, len(users))
		}
		for _, p := range want.Fields.Participants {
			answers := verb == "search" && slices.Contains(p.Roles, "110152")
			if answers && p.Net != "" && (a["origin_ip"] == p.Net && p.Net != "127.0.0.1" || a["user"] == p.User) {
				t.Errorf("%s: the side that answered is taken for the one that asked", want.File)
			}
		}
	}
	if n == 0 {
		t.Error("the corpus is empty")
	}
	t.Logf("%d messages", n)
}
