package depend_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/continuity/depend"
)

func columns(t testing.TB) []depend.Columns {
	t.Helper()
	c, err := depend.LoadColumns(content.Continuity())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told writes down what a table says.
func told(im *depend.Import) (lines []string) {
	node := func(n depend.Node) string {
		line := string(n.ID) + " " + n.Kind.String() + " " + n.Class.String() + " " + n.Name
		if n.Tolerated != depend.Unstated {
			line += " " + n.Tolerated.String()
		}
		return strings.TrimSpace(line + " " + n.Call + " " + strings.Join(n.Known, "+"))
	}
	for _, n := range im.Nodes {
		lines = append(lines, node(n))
	}
	for _, n := range im.Implied {
		lines = append(lines, "implied "+node(n))
	}
	for _, e := range im.Edges {
		line := string(e.From) + " -> " + string(e.To)
		if e.AnyOf != "" {
			line += " any " + e.AnyOf
		}
		if e.Tolerated != depend.Unstated {
			line += " " + e.Tolerated.String()
		}
		lines = append(lines, line)
	}
	for _, p := range im.Problems {
		lines = append(lines, p.String())
	}
	return lines
}

func TestReadTable(t *testing.T) {
	for name, c := range map[string]struct {
		text, mapping string
		rows, passed  int
		want          []string
	}{
		"the site's own": {
			"\ufeffid,kind,name,needs,either,tolerated,call\nlis,component,Laboratory system,power,db-1;db-2,,5340\nlab,service,,lis,,20,\n", "map", 2, 0,
			[]string{"lis component  Laboratory system 5340", "lab service   20m0s", "implied db-1 component", "implied db-2 component", "implied power component",
				"lis -> power", "lis -> db-1 any either", "lis -> db-2 any either", "lab -> lis"},
		},
		"semicolons, a title above, Latin-1": {
			"Export of assets, all sites\nAsset Number;Description;Criticality;Owning Department;RTO Minutes;IP Address\nA-1;R\xf6ntgen CT 2;High;4 West;30;10.0.0.5\nA-2;Pumpe;Routine;;2d;\n", "cmms", 2, 0,
			[]string{"A-1 component A Röntgen CT 2 30m0s  10.0.0.5", "A-2 component C Pumpe 48h0m0s", "implied 4-West unit  4 West", "4-West -> A-1"},
		},
		"relations": {
			"parent\tparent_class\tchild\tchild_class\ttype\nEpic\tBusiness Service\tdb01\tcmdb_ci_server\tDepends on::Used by\nrack\tx\tdb01\tx\tContains::Contained by\n", "cmdb relations", 2, 1,
			[]string{"implied Epic service", "implied db01 component", "Epic -> db01"},
		},
		"links": {
			"from,to,any_of,within\nengine,db-1,db,5m\nengine,db-2,db,5m\nengine,db-2,db,5m\n", "links", 3, 0,
			[]string{"implied db-1 component", "implied db-2 component", "implied engine component", "engine -> db-1 any db 5m0s", "engine -> db-2 any db 5m0s"},
		},
		"what is wrong is told, and the rest taken": {
			"id,kind,class,needs,tolerated\na,component,A,b,\nc,machine,,,\nd,component,X,,\ne,component,,,soon\n,,A,,\n1.23E+11,component,,,\na,feed,,,\nf,component,,f,\ng g,component,,a,\n\n", "map", 9, 0,
			[]string{"a component A", "f component", "implied b component", "a -> b",
				"line 3, column 2: kind: it is component, feed, service or unit; values of the mapping say which of the sender's words mean which",
				"line 4, column 3: class: it is A, B or C; values of the mapping say which of the sender's words mean which",
				"line 5, column 5: tolerated: a time is written as 30m, 8h or 2d, or as a number of minutes",
				"line 6: id: nothing, and without it the row says nothing",
				"line 7, column 1: id: a spreadsheet made a rounded number of it: export that column as text",
				"line 8, column 1: id: it is there twice, and says otherwise",
				"line 9, column 1: a thing cannot rest on itself",
				"line 10, column 1: its id must be 1 to 200 characters that can be seen, without blanks"},
		},
		"quotes over lines": {
			"id,kind,name\na,component,\"one\ntwo\"\nb,component,three\n", "map", 2, 0,
			[]string{"b component  three", "line 2, column 1: its name and whom to call are one line of at most 200 characters"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			im, err := depend.ReadTable(strings.NewReader(c.text), columns(t), catalogue(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told(im), c.want); diff != "" || im.Columns != c.mapping || im.Rows != c.rows || im.Passed != c.passed {
				t.Errorf("%s, %d rows, %d passed (-got +want):\n%s", im.Columns, im.Rows, im.Passed, diff)
			}
		})
	}
}

func TestReadTableRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":            "no mapping fits",
		"a,b\n1,2\n":  "no mapping fits",
		"id,kind\n\"": "", // an open quote: taken leniently
		"id,kind\n" + strings.Repeat("x", depend.MostBytes): "longer than",
	} {
		_, err := depend.ReadTable(strings.NewReader(text), columns(t), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
	var rows strings.Builder
	rows.WriteString("from,to\n")
	for i := range depend.MostEdges + 1 {
		rows.WriteString("a,b" + strings.Repeat("x", i%190) + string(rune('a'+i/190%26)) + string(rune('a'+i/190/26)) + "\n")
	}
	if _, err := depend.ReadTable(strings.NewReader(rows.String()), columns(t), nil); err == nil || !strings.Contains(err.Error(), "at most") && !strings.Contains(err.Error(), "more than") {
		t.Errorf("too many links: %v", err)
	}
}

func TestLoadColumnsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"name: x\n":                             "name and require",
		"require: [[a]]\n":                      "name and require",
		"name: x\nrequire: [[a]]\ncolumn: {}\n": "field column not found",
		"name: x\nrequire: [[a]]\ncolumns: {title: [a]}\n": "title is not a field",
		"name: x\nrequire: [[a]]\nvalues: {title: {}}\n":   "title is not a field",
		"name: x\nrequire: [[a]]\nconstant: {title: x}\n":  "title is not a field",
	} {
		if _, err := depend.LoadColumns(fstest.MapFS{"columns/x.yml": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestMerge shows what a table would change before anyone agrees to it.
func TestMerge(t *testing.T) {
	g := read(t, small)
	im, err := depend.ReadTable(strings.NewReader("id,kind,name,call,known,needs\nlis,component,,\"Night shift, 5341\",10.0.0.7,db-1;san\nnew,component,,,,lis\nengine,component,Interface engine,,,\n"), columns(t), catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	after, err := depend.Merge(g, im)
	if err != nil {
		t.Fatal(err)
	}
	want := depend.Changes{Nodes: map[depend.Kind]depend.Count{
		depend.Component: {Added: 2, Changed: 1, Same: 4}, depend.Feed: {Same: 2}, depend.Service: {Same: 3}, depend.Unit: {Same: 2},
	}, Edges: depend.Count{Added: 3, Same: 17}}
	if diff := cmp.Diff(depend.Compare(g, after), want); diff != "" {
		t.Errorf("changes (-got +want):\n%s", diff)
	}
	n, _ := after.Node("lis")
	if n.Name != "Laboratory system" || n.Call != "Night shift, 5341" || !slices.Equal(n.Known, []string{"10.0.0.7"}) {
		t.Errorf("lis is %+v", n)
	}
	back := depend.Compare(after, g)
	if back.Nodes[depend.Component].Gone != 2 || back.Edges.Gone != 3 {
		t.Errorf("the way back: %+v", back)
	}
	if again, err := depend.Merge(after, im); err != nil || depend.Compare(after, again).Edges.Added != 0 {
		t.Errorf("the same once more changes %+v, %v", depend.Compare(after, again), err)
	}
	own := read(t, "nodes: [{id: s, kind: service, like: lab, class: B, tolerated: 7m}]")
	if kept, err := depend.Merge(own, &depend.Import{Nodes: []depend.Node{{ID: "s", Kind: depend.Service, Name: "New", Tolerated: depend.Unstated}}}); err != nil {
		t.Error(err)
	} else if n, _ := kept.Node("s"); n.Tolerated != 7*time.Minute || n.Class != depend.B || n.Like != "lab" || n.Name != "New" {
		t.Errorf("what is not stated does not stay: %+v", n)
	}
	im.Edges[0].Tolerated = time.Hour
	changed, err := depend.Merge(after, im)
	if err != nil || depend.Compare(after, changed).Edges.Changed != 1 {
		t.Errorf("another time changes %+v, %v", depend.Compare(after, changed), err)
	}
}

// FuzzReadTable holds that any text is read or refused, that what is taken makes a map, and that no message shows the text.
func FuzzReadTable(f *testing.F) {
	f.Add([]byte("id,kind,needs\na,component,b\n"))
	f.Add([]byte("from;to;within\na;b;5\n"))
	f.Add([]byte("Asset Tag\tName\tRTO\n1E+5\tx\t2d\n"))
	c, maps := catalogue(f), columns(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		im, err := depend.ReadTable(strings.NewReader(string(text)), maps, c)
		if err != nil {
			var refused *depend.Refused
			if !errors.As(err, &refused) {
				t.Fatalf("no refusal: %v", err)
			}
			leaks(t, string(text), err.Error())
			return
		}
		for _, p := range im.Problems {
			leaks(t, string(text), p.Text)
		}
		empty, err := depend.New(c, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		g, err := depend.Merge(empty, im)
		if err != nil {
			t.Fatalf("what was taken is no map: %v", err)
		}
		if len(g.Nodes()) != len(im.Nodes)+len(im.Implied) || len(g.Edges()) != len(im.Edges) {
			t.Errorf("%d things and %d links of %d, %d", len(g.Nodes()), len(g.Edges()), len(im.Nodes)+len(im.Implied), len(im.Edges))
		}
		written, err := im.Write(empty)
		if err != nil {
			t.Fatal(err)
		}
		back, err := depend.ReadMap(written, c)
		if err != nil {
			t.Fatalf("the file that is made of it is not taken: %v", err)
		}
		if !cmp.Equal(back.Nodes(), g.Nodes()) || !cmp.Equal(back.Edges(), g.Edges()) {
			t.Error("the file that is made of it says otherwise")
		}
	})
}
