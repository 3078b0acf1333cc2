package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/sim/score"
)

// ScoreAsked asks a node to hold its cases against what really happened at an invented hospital that sent to it. The
// answer holds figures and names of stories, and nobody's.
type ScoreAsked struct {
	Truth string    `json:"truth"` // path of the file on the node's machine
	From  time.Time `json:"from,omitzero"`
}

func (n *Node) score(ctx context.Context, r *http.Request) (any, error) {
	var asked ScoreAsked
	if err := json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&asked); err != nil {
		return nil, errors.New("say {\"truth\": ...}")
	}
	if n.privacy == nil {
		return nil, errors.New("the access review is off: there is nothing to score")
	}
	f, err := os.Open(asked.Truth)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	truth := score.NewTruth(score.Names{User: strings.ToLower, Patient: func(number string) string { return n.patientOf(ctx, number) }})
	truth.StoriesOnly = true // the node keeps no list of what it thought of each touch
	if err := truth.Read(f); err != nil {
		return nil, err
	}
	found, err := n.found(ctx)
	if err != nil {
		return nil, err
	}
	w := score.Window{From: asked.From, Until: n.hospital.Clock().AddDate(0, 0, 1)}
	report := truth.Score(&found, w)
	health, err := n.privacy.Health(ctx)
	if err != nil {
		return nil, err
	}
	report.Touches, report.Explained = int(health.All.Touches), int(health.All.Explained)
	report.Firsts, report.FirstsExplained = int(health.All.Firsts), int(health.All.FirstsExplained)
	return report, nil
}

// patientOf is how scored cases name a patient: by the number that the house counts it under.
func (n *Node) patientOf(ctx context.Context, number string) string {
	id, err := n.privacy.FindPatient(ctx, number)
	if err != nil || id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

// found is what the access review found, in the plainest form.
func (n *Node) found(ctx context.Context) (score.Found, error) {
	const all = 1 << 20
	cases, err := n.privacy.Cases(ctx, privacy.Filter{States: []privacy.CaseState{privacy.Pending, privacy.Withdrawn, privacy.Closed}, Limit: all})
	if err != nil {
		return score.Found{}, fmt.Errorf("list cases: %w", err)
	}
	var found score.Found
	n.hospital.View(func(h *hospital.House) {
		for i := range cases {
			c := &cases[i]
			s := score.Case{ID: c.ID, Lane: string(c.Lane), Opened: c.Opened}
			for i := range c.Touches {
				l := &c.Touches[i].Touch
				look := score.Look{User: strings.ToLower(h.Text(l.User)), First: l.First, Last: l.Last, Bare: c.Touches[i].Verdict.NoReason != 0}
				if l.Patient != 0 {
					look.Patient = strconv.FormatInt(int64(h.Current(l.Patient)), 10)
				}
				s.Looks = append(s.Looks, look)
			}
			found.Cases = append(found.Cases, s)
		}
	})
	slices.SortFunc(found.Cases, func(a, b score.Case) int { return a.Opened.Compare(b.Opened) })
	return found, nil
}
