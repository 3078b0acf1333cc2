package access_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
)

var update = flag.Bool("update", false, "write testdata anew; then read what has changed")

func allRoles() []access.Role { return append(access.PeopleRoles(), access.Sender, access.Reader) }

// objects are one of each sort that a role can be let at.
func objects() []struct {
	name string
	access.Object
} {
	return []struct {
		name string
		access.Object
	}{
		{"own", access.Object{Kind: "finding", ID: "1", Owner: "me"}},
		{"other's", access.Object{Kind: "finding", ID: "2", Owner: "somebody"}},
		{"nobody's", access.Object{Kind: "finding", ID: "3"}},
		{"closed", access.Object{Kind: "finding", ID: "4", Owner: "somebody", State: "closed"}},
		{"accesses", access.Object{Kind: "access", Owner: "somebody"}},
	}
}

// TestMatrix asks Check about everything and compares with testdata/matrix.txt, which people have read.
func TestMatrix(t *testing.T) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "verb\tobject")
	for _, r := range allRoles() {
		fmt.Fprintf(w, "\t%s", r)
	}
	fmt.Fprintln(w, "\tnobody")
	for _, v := range access.Verbs() {
		for _, o := range objects() {
			fmt.Fprintf(w, "%s\t%s", v, o.name)
			for _, r := range allRoles() {
				fmt.Fprintf(w, "\t%s", verdict(access.Check(access.Actor{ID: "me", Roles: []access.Role{r}}, v, o.Object)))
			}
			fmt.Fprintf(w, "\t%s\n", verdict(access.Check(access.Actor{}, v, o.Object)))
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	golden(t, "matrix.txt", b.String())
}

func verdict(err error) string {
	if err == nil {
		return "yes"
	}
	return "-"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// TestTheTableIsWhole: a word that is misspelt in it would give or take a right.
func TestTheTableIsWhole(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(access.Rights), "\n")
	head := strings.Fields(lines[0])
	for i, r := range allRoles() {
		if head[i+1] != string(r) {
			t.Errorf("column %d is %s, not %s", i+1, head[i+1], r)
		}
	}
	reaches := []access.Reach{access.None, access.All, access.Own, access.Closed, access.Access, access.Named}
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) != len(head) {
			t.Errorf("%s has %d columns", cells[0], len(cells))
		}
		for _, c := range cells[1:] {
			if !slices.Contains(reaches, access.Reach(c)) {
				t.Errorf("%s: %s is no reach", cells[0], c)
			}
		}
		if i := slices.Index(cells, string(access.Named)); i >= 0 && head[i] != string(access.Reader) {
			t.Errorf("%s: only what readers may can be named", cells[0])
		}
	}
	named := []access.Verb{
		access.TodayRead, access.FindingRead, access.FindingJudge, access.FindingSuppress, access.SearchRun, access.HuntRun,
		access.AnswerRead, access.SourceRead, access.SourceWrite, access.DowntimeDrill, access.RuleRead, access.RuleWrite, access.JournalRead, access.JournalVerify,
		access.PeopleRead, access.PeopleWrite, access.TokenWrite, access.TrailRead, access.TrailReadOwn, access.SelfWrite, access.EventAppend,
		access.CaseRead, access.CaseDecide, access.CaseReveal, access.RecordTrace, access.RecordRead, access.StaffDay, access.ExplainedRead,
	}
	if diff := cmp.Diff(named, access.Verbs()); diff != "" {
		t.Error(diff)
	}
}

// TestDutiesAreSeparate states in words what the table must never lose.
func TestDutiesAreSeparate(t *testing.T) {
	may := func(r access.Role, v access.Verb) bool { return slices.Contains(access.Roles(v), r) }
	for _, v := range []access.Verb{access.FindingRead, access.SearchRun, access.HuntRun, access.JournalRead} {
		if may(access.Admin, v) {
			t.Errorf("an admin sees events by %s", v)
		}
		if may(access.Sender, v) {
			t.Errorf("a sender sees events by %s", v)
		}
	}
	for _, v := range access.Verbs() {
		changes := !strings.Contains(string(v), ".read") && v != access.JournalVerify
		if changes && v != access.SelfWrite && may(access.Auditor, v) {
			t.Errorf("an auditor changes something by %s", v)
		}
		if changes && v != access.SearchRun && may(access.Reader, v) {
			t.Errorf("a reader changes something by %s", v)
		}
		if v != access.EventAppend && may(access.Sender, v) {
			t.Errorf("a sender does %s", v)
		}
		if v == access.PeopleWrite || v == access.TokenWrite {
			if diff := cmp.Diff([]access.Role{access.Admin}, access.Roles(v)); diff != "" {
				t.Error(v, diff)
			}
		}
	}
}

func TestRolesAddUp(t *testing.T) {
	both := access.Actor{ID: "me", Roles: []access.Role{access.Biomed, access.Auditor}}
	if diff := cmp.Diff([]access.Reach{access.Own, access.Closed}, access.Reaches(both, access.FindingRead)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]access.Reach{access.All}, access.Reaches(access.Actor{ID: "me", Roles: []access.Role{access.Biomed, access.Analyst}}, access.FindingRead)); diff != "" {
		t.Error(diff)
	}
	for _, o := range objects() {
		got := access.Check(both, access.FindingRead, o.Object) == nil
		if got != (o.name == "own" || o.name == "closed") {
			t.Errorf("%s: %v", o.name, got)
		}
	}
}

func TestWhatNobodyListedIsDenied(t *testing.T) {
	everything := access.Actor{ID: "me", Roles: allRoles()}
	for _, v := range []access.Verb{"", "verb", "finding", "finding.read ", "session.open", "finding.erase"} {
		wantDenied(t, string(v), access.Check(everything, v, access.Object{Owner: "me"}))
	}
	wantDenied(t, "roles of nobody", access.Check(access.Actor{Roles: allRoles()}, access.TodayRead, access.Object{}))
	if may := access.Roles("verb"); len(may) > 0 {
		t.Errorf("%v may what nobody listed", may)
	}
	wantDenied(t, "a role that does not exist", access.Check(access.Actor{ID: "me", Roles: []access.Role{"root", "-", "all"}}, access.TodayRead, access.Object{}))
	wantDenied(t, "nobody's own", access.Check(access.Actor{ID: "me", Roles: []access.Role{access.Sender}}, access.EventAppend, access.Object{}))
}

func TestScopeHoldsAToken(t *testing.T) {
	a := access.Actor{ID: "token:1", Token: "1", Roles: []access.Role{access.Reader}, Scope: []access.Verb{access.FindingRead}}
	if err := access.Check(a, access.FindingRead, access.Object{}); err != nil {
		t.Error(err)
	}
	wantDenied(t, "out of scope", access.Check(a, access.SourceRead, access.Object{}))
	wantDenied(t, "what must be named", access.Check(a, access.SearchRun, access.Object{}))
	a.Scope = nil
	wantDenied(t, "what must be named, to one without a scope", access.Check(a, access.SearchRun, access.Object{}))
	a.Scope = []access.Verb{access.SearchRun}
	if err := access.Check(a, access.SearchRun, access.Object{Kind: "event"}); err != nil {
		t.Error(err)
	}
	a.Scope = []access.Verb{access.RuleWrite}
	wantDenied(t, "scope beyond the role", access.Check(a, access.RuleWrite, access.Object{}))
}

func TestDeniedSaysWhoMay(t *testing.T) {
	err := access.Check(access.Actor{ID: "me", Roles: []access.Role{access.Admin}}, access.FindingJudge, access.Object{})
	if err == nil || err.Error() != "finding.judge: not allowed with your roles; ask somebody who is analyst or senior" {
		t.Error(err)
	}
}

func TestActorOfAContext(t *testing.T) {
	if _, ok := access.ActorOf(context.Background()); ok {
		t.Error("somebody where nobody was named")
	}
	if a, ok := access.ActorOf(access.WithActor(context.Background(), access.Actor{ID: "me"})); !ok || a.ID != "me" {
		t.Error(a, ok)
	}
}
