package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/hospital"
)

// judged tells whether the privacy room judges who opens the record of that number: it does where the site's list says that the patient is nobody.
func (n *Node) judged(number string) (yes bool) {
	if n.privacy == nil || n.hospital == nil {
		return false
	}
	n.hospital.View(func(h *hospital.House) {
		if id, _ := h.Find([]hospital.Identifier{{Value: number}}); id != 0 {
			p := h.Patient(id)
			yes = p != nil && p.Canary
		}
	})
	return yes
}

// Decoys is what is asked of a node about decoys, and what it answers.
type Decoys struct {
	Make   continuity.NewDecoy    `json:"make,omitzero"`
	Count  int                    `json:"count,omitempty"`
	Remove []string               `json:"remove,omitempty"` // ids
	Reason string                 `json:"reason,omitempty"`
	Made   []canary.Decoy         `json:"made,omitempty"`
	All    []continuity.DecoyView `json:"all,omitempty"`
}

const mostAtOnce = 100

var errNoContinuity = errors.New("decoys are watched by the room continuity, and that is off: take continuity.off out of the configuration, and start the node again")

// listDecoys tells what the node watches. Whoever asks can read all that the node has.
func (n *Node) listDecoys(context.Context, *http.Request) (any, error) {
	if n.continuity == nil {
		return nil, errNoContinuity
	}
	return Decoys{All: n.continuity.Decoys()}, nil
}

// changeDecoys makes decoys, or takes some away, each as an act of its own.
func (n *Node) changeDecoys(ctx context.Context, r *http.Request) (any, error) {
	var d Decoys
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&d); err != nil {
		return nil, errors.New(`say {"make": {"kind": ..., "where": ...}, "count": ...} or {"remove": [...], "reason": ...}`)
	}
	if n.continuity == nil {
		return nil, errNoContinuity
	}
	if d.Count > mostAtOnce || len(d.Remove) > mostAtOnce {
		return nil, fmt.Errorf("at most %d at once", mostAtOnce)
	}
	for _, id := range d.Remove {
		detail := map[string]string{"act": "a decoy is taken away", "why": d.Reason}
		err := n.house.Do(ctx, access.RuleWrite, access.Object{Kind: "decoy", ID: id}, detail, func(ctx context.Context) error { return n.continuity.RemoveDecoy(ctx, id) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	for range d.Count {
		detail := map[string]string{"act": "a decoy is made", "kind": string(d.Make.Kind)}
		err := n.house.Do(ctx, access.RuleWrite, access.Object{Kind: "decoy"}, detail, func(ctx context.Context) error {
			made, err := n.continuity.MakeDecoy(ctx, d.Make)
			if err == nil {
				d.Made = append(d.Made, made)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}
