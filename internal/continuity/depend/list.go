package depend

import (
	"cmp"
	"slices"
)

// Item is a thing of a map as a list has it, for those who do not look at a picture.
type Item struct {
	Node  NodeID
	Name  string
	Kind  Kind
	Class Class // of the worst that it touches, when it fails
	Fails bool
	Cause bool // it is broken by itself
	Weak  bool // it goes on, on fewer legs
	Notes []string
	Needs []string // names of what it rests on; of several of which one is enough, all in one: Database 1 or Database 2
}

// List is the map as a list: what is broken, then what fails through it from below to above, then all else likewise, and by name.
func (im *Impact) List() []Item {
	p := im.picture()
	notes := p.notes()
	items := make([]Item, len(im.graph.nodes))
	for n := range items {
		id := im.graph.nodes[n].ID
		f, fails := im.failed[n]
		items[n] = Item{
			Node: id, Name: im.graph.name(n), Kind: im.graph.nodes[n].Kind, Class: im.worst[n], Fails: fails, Cause: fails && f.through < 0,
			Weak: p.weak[id] != nil, Notes: notes[id], Needs: im.graph.needed(n),
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.place(), b.place()), cmp.Compare(a.Kind, b.Kind), natural(a.Name, b.Name))
	})
	return items
}

func (i *Item) place() int {
	switch {
	case i.Cause:
		return 0
	case i.Fails:
		return 1
	case i.Weak:
		return 2
	}
	return 3
}

// needed are the names of what a thing rests on, without what is only proposed.
func (g *Graph) needed(n int) (out []string) {
	last := -1
	for _, e := range g.needs[n] {
		if !g.counts(e) {
			continue
		}
		if name := g.name(g.ends[e][1]); g.groupOf[e] >= 0 && g.groupOf[e] == last {
			out[len(out)-1] += " or " + name
		} else {
			out = append(out, name)
		}
		last = g.groupOf[e]
	}
	return out
}
