package console

import (
	"context"
	"html/template"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/depend"
)

const (
	oneLook    = 40  // things that are seen at one look: of more only what is touched is drawn first
	mostDrawn  = 400 // things in one picture
	mostListed = 500
	fewFail    = 12 // things whose list stands open
	linksAsked = 10 // as many are dashed on the map
)

// mapPicture draws what is touched, or all.
func (c *Console) mapPicture(v *page.FlowMap, r *request, m *continuity.MapView) {
	v.MapSays = "From foundations on the left to units on the right. " + either(m.Drawn, "The house's own map, and what is heard besides.", "What is usual in hospitals, for services whose feeds were heard.")
	im, all := m.Impact, r.URL.Query().Get("all") != ""
	if len(im.Causes) > 0 && !all {
		if im = im.Part(); im.Size() < m.Size() {
			v.MapSays = "Only what is touched: " + page.Number(im.Size()) + " of " + page.Plural(m.Size(), "thing") + "."
		}
	}
	if im.Size() > mostDrawn {
		v.MapSays = page.Plural(im.Size(), "thing") + " are too many for one picture. The list below has them."
		return
	}
	drawn := im.Draw()
	switch {
	case all:
		v.Other = &page.Link{Text: "Show it at one look", URL: "/flows/map"}
	case im.Size() > oneLook:
		drawn = im.Brief()
		fallthrough
	case im.Size() < m.Size():
		v.Other = &page.Link{Text: "Show the whole map", URL: "/flows/map?all=1"}
	}
	if strings.Contains(drawn, "map-maybe") {
		v.MapSays += " Dashed: traffic shows it, and nobody confirmed it."
	}
	v.Map = template.HTML(drawn) // every word in it is escaped there
}

// mapLists says the same in words.
func mapLists(v *page.FlowMap, items []depend.Item) {
	all := 0
	for i := range items {
		item := &items[i]
		row := page.MapRow{Name: page.Clean(item.Name, 60), Kind: mapKind(item.Kind), Says: page.Clean(strings.Join(item.Notes, ", "), 80), Needs: page.Clean(strings.Join(item.Needs, ", "), 200)}
		switch {
		case item.Cause:
			row.State = mapState(item.Class, "Broken")
		case item.Fails:
			row.State = mapState(item.Class, "Fails")
		case item.Weak:
			row.State = page.Watch("Weakened")
		default:
			if all++; len(v.Holds) < mostListed {
				v.Holds = append(v.Holds, row)
			}
			continue
		}
		if len(v.Fails) < mostListed {
			v.Fails = append(v.Fails, row)
		}
	}
	v.FailsOpen = len(v.Fails) <= fewFail
	v.HoldsAll = page.Plural(all, "thing") + either(len(v.Fails) > 0, " besides", " on the map") + either(all > len(v.Holds), ", of which the first "+page.Number(len(v.Holds))+" are shown", "")
}

func mapKind(k depend.Kind) string {
	switch k {
	case depend.Feed:
		return "Feed"
	case depend.Service:
		return "Service"
	case depend.Unit:
		return "Unit"
	}
	return "Machine"
}

func mapState(c depend.Class, word string) page.State {
	switch c {
	case depend.A:
		return page.Act(word)
	case depend.B:
		return page.Look(word)
	case depend.C:
		return page.Watch(word)
	}
	return page.Dim(word)
}

// mapLinks asks about links that traffic shows, and says what was answered.
func (c *Console) mapLinks(v *page.FlowMap, r *request, m *continuity.MapView) {
	v.MayLink = allowed(r.actor, access.SourceWrite) == nil
	for i := range m.Asked[:min(linksAsked, len(m.Asked))] {
		l := &m.Asked[i]
		says := l.Why + " " + page.Plural(l.Count, "message") + " on " + page.Plural(l.Days, "day") + "."
		v.Asked = append(v.Asked, page.LinkRow{ID: l.ID, URL: "/flows/map/links/" + l.ID, Question: linkQuestion(l), Says: says})
	}
	if len(m.Asked) > linksAsked {
		v.AskedAll = "The first " + page.Number(linksAsked) + " of " + page.Number(len(m.Asked)) + "."
	}
	for i := range m.Said {
		l := &m.Said[i]
		row := page.LinkRow{ID: l.ID, URL: "/flows/map/links/" + l.ID, Question: linkQuestion(l), State: page.Dim("No"), Says: page.Clean(l.By, 60) + ", " + r.clock.At(l.At)}
		if l.Yes {
			row.State = page.OK("Yes")
		}
		v.Said = append(v.Said, row)
	}
}

func linkQuestion(l *continuity.LinkView) string {
	return "Does " + page.Clean(l.From, 60) + " stop without " + page.Clean(l.To, 60) + either(l.OneOf, " and the others that do the same?", "?")
}

// mapLink records what somebody says of a link that traffic shows.
func (c *Console) mapLink(r *request) (answer, error) {
	if c.Continuity == nil {
		return answer{}, errAbsent
	}
	m, err := c.Continuity.Map(continuity.Counted{})
	if err != nil {
		return answer{}, err
	}
	id, word := r.PathValue("id"), r.PostForm.Get("answer")
	list := m.Asked
	if word == continuity.LinkAgain {
		list = m.Said
	}
	at := slices.IndexFunc(list, func(l continuity.LinkView) bool { return l.ID == id })
	if at < 0 {
		return answer{}, errAbsent
	}
	acts := map[string]string{continuity.LinkYes: "a link of the map is confirmed", continuity.LinkNo: "a link of the map is turned down", continuity.LinkAgain: "a link of the map is asked about again"}
	if acts[word] == "" {
		return answer{}, &mistake{"Say yes or no."}
	}
	detail := map[string]string{"act": acts[word], "from": page.Clean(list[at].From, 80), "to": page.Clean(list[at].To, 80)}
	err = c.House.Do(r.Context(), access.SourceWrite, access.Object{Kind: "link", ID: id}, detail, func(ctx context.Context) error {
		done, err := c.Continuity.Link(ctx, id, word, r.actor.Name)
		if err == nil && !done {
			return &mistake{"Somebody answered meanwhile: there is nothing to record."}
		}
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{to: "/flows/map?done=" + word}, nil
}

func linkToast(r *request) *page.Toast {
	t := &page.Toast{State: page.OK("Recorded")}
	switch r.URL.Query().Get("done") {
	case continuity.LinkYes:
		t.Text = "The link is on the map."
	case continuity.LinkNo:
		t.Text = "It is left out, and nobody is asked again."
	case continuity.LinkAgain:
		t.Text = "It is asked about again."
	default:
		return nil
	}
	return t
}
