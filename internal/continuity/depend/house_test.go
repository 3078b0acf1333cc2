package depend_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/continuity/depend"
)

func catalogue(t testing.TB) *depend.Catalogue {
	t.Helper()
	c, err := depend.LoadCatalogue(content.Continuity(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// noon is when the tests play.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// small is the laboratory of a small house: two databases of which one is enough, one engine, one system, two feeds.
const small = `
nodes:
  - {id: power, kind: component}
  - {id: db-1, kind: component, name: Database 1, needs: [power]}
  - {id: db-2, kind: component, name: Database 2, needs: [power]}
  - {id: lis, kind: component, name: Laboratory system, call: "Laboratory IT, 5340", needs: [{on: db-1, any_of: db}, {on: db-2, any_of: db}, {on: orders, within: 4h}]}
  - {id: engine, kind: component, name: Interface engine, call: "Interfaces, 5350", needs: [power]}
  - {id: results, kind: feed, name: Results to the record, needs: [lis, engine]}
  - {id: orders, kind: feed, name: Orders to the laboratory, needs: [engine]}
  - {id: lab, kind: service, call: "Laboratory, 5300", needs: [results]}
  - {id: blood, kind: service, needs: [{on: lis, within: 10m}]}
  - {id: diet, kind: service, needs: [power]}
  - {id: icu, kind: unit, name: Intensive care, needs: [{on: lab, within: 5m}, blood, diet]}
  - {id: 4w, kind: unit, name: 4 West, needs: [lab, diet]}
`

func read(t testing.TB, text string) *depend.Graph {
	t.Helper()
	g, err := depend.ReadMap([]byte(text), catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// house is a map as a hospital of that many wards would have it: the foundations and services of the catalogue, an engine, a server and a feed
// for each, and units that work with them.
func house(t testing.TB, most int) (*depend.Graph, depend.Census) {
	t.Helper()
	c := catalogue(t)
	var nodes []depend.Node
	var edges []depend.Edge
	node := func(id string, kind depend.Kind, name string) {
		nodes = append(nodes, depend.Node{ID: depend.NodeID(id), Kind: kind, Name: name, Tolerated: depend.Unstated})
	}
	link := func(from, to, anyOf string) {
		edges = append(edges, depend.Edge{From: depend.NodeID(from), To: depend.NodeID(to), AnyOf: anyOf, Tolerated: depend.Unstated})
	}
	for _, id := range []string{"power", "network", "storage", "hosts", "dns", "directory", "wireless"} {
		node(id, depend.Component, "")
	}
	for _, l := range [][2]string{{"network", "power"}, {"storage", "power"}, {"hosts", "storage"}, {"hosts", "network"}, {"dns", "hosts"}, {"directory", "dns"}, {"wireless", "network"}} {
		link(l[0], l[1], "")
	}
	node("engine-1", depend.Component, "Interface engine, first half")
	node("engine-2", depend.Component, "Interface engine, second half")
	link("engine-1", "hosts", "")
	link("engine-2", "hosts", "")
	var services []depend.Row
	for _, row := range c.Rows() {
		if !row.Foundation && len(services) < max(3, most/9) {
			services = append(services, row)
		}
	}
	for i, row := range services {
		node(row.ID, depend.Service, "")
		server := "server-" + row.ID
		node(server, depend.Component, "Server of "+row.Name)
		link(server, []string{"hosts", "hosts", "network"}[i%3], "")
		link(server, "directory", "")
		for k := range max(1, most/60) {
			if len(nodes) >= most*7/10 {
				link(row.ID, server, "")
				break
			}
			feed := fmt.Sprintf("feed-%s-%d", row.ID, k)
			node(feed, depend.Feed, []string{"From ", "To ", "Copies of "}[k%3]+row.Name)
			link(feed, server, "")
			link(feed, fmt.Sprintf("engine-%d", 1+(i+k)%2), "")
			link(row.ID, feed, "")
		}
	}
	census := depend.Census{Patients: map[depend.NodeID]int{}, At: noon()}
	for i := 0; len(nodes) < most; i++ {
		unit := fmt.Sprintf("ward-%d%c", 1+i/4, "NESW"[i%4])
		sort, name := "ward", fmt.Sprintf("Ward %d %s", 1+i/4, []string{"North", "East", "South", "West"}[i%4])
		switch {
		case i == 0:
			sort, name = "intensive", "Intensive care"
		case i == 1:
			sort, name = "emergency", "Emergency department"
		case i == 2:
			sort, name = "theatre", "Operating theatres"
		case i%5 == 4:
			sort, name = "clinic", fmt.Sprintf("Clinic of internal medicine and diabetes %d", i)
		}
		node(unit, depend.Unit, name)
		if i%7 != 6 {
			census.Patients[depend.NodeID(unit)] = 8 + i*7%23
		}
		for _, row := range services {
			if slices.Contains(row.Where, sort) {
				link(unit, row.ID, "")
			}
		}
	}
	g, err := depend.New(c, nodes, edges)
	if err != nil {
		t.Fatal(err)
	}
	return g, census
}
