package console

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
)

// cards is what unit cards say of the house. Whoever reads them has not signed in, so they are looked up at most so often.
type cards struct {
	mu    sync.Mutex // guards the rest
	at    time.Time
	feeds continuity.Feeds
	made  map[string]time.Time // of when the data of each unit's newest pack is
}

const cardsFor = 10 * time.Second

// carded tells whether the reader may see unit cards. The address is that of the connection: headers are written by whoever sends them.
func (c *Console) carded(r *request) bool {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return c.Paper != nil && err == nil && slices.ContainsFunc(c.Cards, func(p netip.Prefix) bool { return p.Contains(at.Addr().Unmap().WithZone("")) })
}

// cardList lists the units that have cards.
func (c *Console) cardList(r *request) (answer, error) {
	if !c.carded(r) {
		return answer{}, errAbsent
	}
	v := page.UnitCards{Frame: c.gate("Unit cards")}
	for _, u := range c.Paper.Units() {
		v.Units = append(v.Units, page.Link{Text: page.Clean(u.Title, 60), URL: "/card/" + unitID(u.Unit)})
	}
	return view("cards", v), nil
}

// card is what stands on the first page of a unit's pack, as of now.
func (c *Console) card(r *request) (answer, error) {
	if !c.carded(r) {
		return answer{}, errAbsent
	}
	u, err := c.unitOf(r)
	if err != nil {
		return answer{}, err
	}
	feeds, made := c.lookForCards(r)
	v := page.UnitCard{Frame: c.gate(page.Clean(u.Title, 60)), Made: atOr(r, made[u.Unit], ""), Now: r.clock.Second(r.clock.Now)}
	pack := c.Paper.Card(u, feeds, made[u.Unit], r.clock.Now)
	for _, n := range pack.Call {
		v.Call = append(v.Call, page.Pair{Name: page.Clean(n.Name, 80), Value: page.Clean(n.Number, 40)})
	}
	for _, p := range pack.Card() {
		part := page.CardPart{Title: p.Title}
		for _, line := range p.Lines {
			part.Lines = append(part.Lines, page.Clean(line, 300))
		}
		v.Parts = append(v.Parts, part)
	}
	return view("card", v), nil
}

func (c *Console) lookForCards(r *request) (continuity.Feeds, map[string]time.Time) {
	k := &c.cards
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := r.clock.Now; now.Sub(k.at).Abs() >= cardsFor {
		k.at, k.made = now, map[string]time.Time{}
		if c.Continuity != nil {
			k.feeds = continuity.CardFeeds(c.Continuity.Feeds(), c.Zone)
		}
		for _, u := range c.Paper.Units() {
			_, how, err := c.Shelf.Unit(r.Context(), u.Unit)
			if err != nil { // the rest of the card is worth reading all the same
				c.Log.WarnContext(r.Context(), "when a pack was made is not known for its card", "unit", u.Unit, "error", err)
			}
			k.made[u.Unit] = how.Data
		}
	}
	return k.feeds, k.made
}
