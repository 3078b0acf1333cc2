package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/integrity/bundle"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/journal"
)

// Evidence is what is to be exported: the records that a doubt rests on, or single ones, and then the bundle.
type Evidence struct {
	Doubt  string          `json:"doubt,omitempty"`
	Places []journal.Place `json:"places,omitempty"`
	About  string          `json:"about,omitempty"`
	Reason string          `json:"reason"`

	Bundle []byte `json:"bundle,omitempty"` // a zip: see format/evidence
	Shown  int    `json:"shown,omitempty"`  // records
	// Unstamped are those of the records that no time stamp covers, and Trouble is why; only where an authority is asked.
	Unstamped int    `json:"unstamped,omitempty"`
	Trouble   string `json:"trouble,omitempty"`
}

// evidence exports in the name of the operator.
func (n *Node) evidence(ctx context.Context, r *http.Request) (any, error) {
	var asked Evidence
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&asked); err != nil || asked.Reason == "" {
		return nil, errors.New("say {\"reason\": ..., \"doubt\": ...} or {\"reason\": ..., \"places\": [...]}")
	}
	object := access.Object{Kind: "evidence", ID: asked.Doubt}
	detail := map[string]string{"reason": asked.Reason}
	if asked.Doubt == "" && len(asked.Places) > 0 {
		object.ID = fmt.Sprintf("%d/%d", asked.Places[0].Entry, asked.Places[0].Line)
		detail["records"] = strconv.Itoa(len(asked.Places))
	}
	err := n.house.Do(ctx, access.JournalRead, object, detail, func(ctx context.Context) error { return n.export(ctx, &asked) })
	if err != nil {
		return nil, err
	}
	return asked, nil
}

// export makes the bundle. That it is made is sealed already.
func (n *Node) export(ctx context.Context, asked *Evidence) error {
	actor, _ := access.ActorOf(ctx)
	act, sealed := access.IntentOf(ctx)
	if !sealed {
		return errors.New("export evidence: nothing says in the journal that it is done")
	}
	places, about, err := n.shown(ctx, asked)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	source := bundle.Source{Journal: n.journal, Software: "wardline " + app.Version(), Now: time.Now}
	request := bundle.Request{About: about, Exporter: actor.Name, Reason: asked.Reason, Act: act, Places: places}
	if list, _, feed := n.neighbours.parts(); feed != nil {
		policy := witness.PolicyOf(n.neighbours.log, list)
		source.Policy = &policy
		source.Cosigned = func(ctx context.Context, entry uint64) (tlog.Proof, error) { return feed.Prove(ctx, n.journal, entry) }
	}
	if err := n.stampFor(ctx, &source, places, asked); err != nil {
		return err
	}
	err = source.Write(ctx, &b, request)
	if errors.Is(err, witness.ErrUnsigned) { // the bundle says that no other house vouches for it
		b.Reset()
		source.Policy, source.Cosigned, asked.Unstamped = nil, nil, 0
		err = source.Write(ctx, &b, request)
	}
	asked.Bundle, asked.Shown = b.Bytes(), len(places)
	return err
}

// shown tells which records are exported, and in one sentence what they are about.
func (n *Node) shown(ctx context.Context, asked *Evidence) ([]journal.Place, string, error) {
	about := asked.About
	if asked.Doubt == "" {
		if about == "" {
			about = "Records of the journal of " + n.config.Site + "."
		}
		return asked.Places, about, nil
	}
	if n.integrity == nil {
		return nil, "", errors.New("nothing is compared on this node, so there are no doubts: see integrity in the configuration")
	}
	d, err := n.integrity.Doubt(ctx, asked.Doubt)
	if err != nil {
		return nil, "", err
	}
	found := d.Places
	if d.Before != nil {
		found = append([]finding.Place{*d.Before}, found...)
	}
	var places []journal.Place
	for _, at := range found {
		places = append(places, journal.Place{Entry: at.Entry, Line: at.Line})
	}
	if about == "" {
		about = "The messages behind a doubt (" + d.Kind + ") that Wardline found at " + n.config.Site + "."
	}
	return places, about, nil
}
