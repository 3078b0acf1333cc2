package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/index"
)

func TestQuestionsAreBoundedInNumberAndInBytes(t *testing.T) {
	q := console.NewQuestions()
	first := q.Keep("lena", "vendor")
	if !q.Kept(first, "lena") || q.Kept(first, "omar") {
		t.Error("a question is for who asked it")
	}
	for range console.MostQuestions - 1 {
		q.Keep("omar", "vendor")
	}
	if !q.Kept(first, "lena") {
		t.Error("forgotten while there is room")
	}
	q.Keep("omar", "vendor")
	if q.Kept(first, "lena") {
		t.Error("kept beyond the number")
	}

	q = console.NewQuestions()
	long := index.Field{Name: "note", Op: index.Is, Value: strings.Repeat("x", 100<<10)}
	var ids []string
	for range 3 * console.MostQuestionBytes / len(long.Value) {
		ids = append(ids, q.Keep("omar", "vendor", long))
	}
	kept := 0
	for i, id := range ids {
		if q.Kept(id, "omar") {
			kept++
		} else if kept > 0 {
			t.Fatalf("question %d is gone, and an older one is there", i)
		}
	}
	if most := console.MostQuestionBytes / len(long.Value); kept > most || kept < most-1 {
		t.Errorf("%d kept, which are %d bytes each", kept, len(long.Value))
	}
	huge := q.Keep("omar", strings.Repeat("x", 2*console.MostQuestionBytes))
	if !q.Kept(huge, "omar") || q.Kept(ids[len(ids)-1], "omar") {
		t.Error("the newest is kept, however long it is, and nothing beside it")
	}
	if last := q.Keep("omar", "vendor"); !q.Kept(last, "omar") || q.Kept(huge, "omar") {
		t.Error("the books of what is kept do not balance")
	}
}

func TestQuestionsThatAreKeptForGoodAreBounded(t *testing.T) {
	n := newNode(t)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	long := url.Values{"text": {"vendor"}, "last": {"24h"}}
	for i := range 20 {
		long.Add("field", fmt.Sprintf("note%d", i))
		long.Add("op", "=")
		long.Add("value", strings.Repeat("x", 1000))
	}
	longer := url.Values{"text": {"vendor"}, "last": {"24h"}, "field": {"note"}, "op": {"="}, "value": {strings.Repeat("x", 1001)}}
	if status, body := p.post("/search", longer); status != http.StatusOK || !strings.Contains(body, "1,000 characters each") {
		t.Errorf("too long a field: status %d", status)
	}
	status, question := p.post("/search", long)
	if status != http.StatusSeeOther {
		t.Fatal(status, question)
	}
	kept := 0
	for ; kept < 200; kept++ {
		status, body := p.post(question+"/keep", url.Values{"name": {fmt.Sprintf("question %d", kept)}})
		if status == http.StatusBadRequest && strings.Contains(body, "a mebibyte long already") {
			break
		}
		if status != http.StatusSeeOther {
			t.Fatalf("status %d\n%s", status, body)
		}
	}
	if least := console.MostKeptBytes / 33000; kept < least || kept > console.MostKeptBytes/27000 {
		t.Errorf("%d of some 21,000 bytes, 28,000 sealed, were kept", kept)
	}
	_, body := p.get("/search")
	forget := regexp.MustCompile(`action="(/search/kept/[0-9a-f-]+/forget)"`).FindStringSubmatch(body)
	if status, to := p.post(forget[1], nil); status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	if status, _ := p.post(question+"/keep", url.Values{"name": {"again"}}); status != http.StatusSeeOther {
		t.Errorf("one was forgotten, and there is no room: status %d", status)
	}
}

// TestLongEventsComePageByPage: what is found is held to so many bytes at once, and nothing is left out.
func TestLongEventsComePageByPage(t *testing.T) {
	n := newNode(t)
	admin := n.first()
	const events, length = 45, 250 << 10 // search keeps rows of 255 KiB at most
	for i := range events {
		n.send("pacs", "windows", "System", "1", n.now().UTC(), map[string]any{"EventID": "1", "mark": fmt.Sprintf("long-%02d", i), "note": strings.Repeat("lorem ipsum ", length/12)})
	}
	n.wait("search has all", func() bool { return n.index.Healthy() == nil && n.index.Through() >= n.journal.Size() })
	p := n.hire(admin, "m.okafor", "M. Okafor", access.Analyst)
	_, at := p.post("/search", url.Values{"text": {"lorem"}, "last": {"24h"}})
	seen, pages := map[string]bool{}, 0
	for at != "" && pages < events {
		status, body := p.get(at)
		if status != http.StatusOK {
			t.Fatalf("status %d\n%s", status, body)
		}
		for _, mark := range regexp.MustCompile(`long-\d\d`).FindAllString(body, -1) {
			seen[mark] = true
		}
		at, pages = "", pages+1
		if older := regexp.MustCompile(`href="(/search/[A-Z2-7]+\?after=[0-9.]+)"`).FindStringSubmatch(body); older != nil {
			at = older[1]
		}
	}
	if len(seen) != events || pages < 2 {
		t.Errorf("%d of %d events on %d pages", len(seen), events, pages)
	}
	ctx := access.WithActor(t.Context(), access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: access.FirstRoles()})
	token, err := n.house.Issue(ctx, access.TokenSpec{Name: "siem", Role: access.Reader, Scope: []access.Verb{access.SearchRun}})
	if err != nil {
		t.Fatal(err)
	}
	status, _, body := (&program{n, token}).ask(http.MethodPost, "/api/v1/search", `{"text": "lorem", "limit": 1000}`)
	var found struct {
		Hits []struct{}
		More bool
	}
	if err := json.Unmarshal(body, &found); err != nil || status != http.StatusOK || !found.More || len(found.Hits) == 0 || len(found.Hits)*length > console.MostHitBytes {
		t.Errorf("status %d, %d hits, more: %v, %v", status, len(found.Hits), found.More, err)
	}
}
