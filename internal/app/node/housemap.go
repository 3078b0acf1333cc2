package node

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/continuity"
)

// housemap reads the house's map, and reads it again when its files have changed.
type housemap struct {
	files *continuity.SiteFiles
	look  chan struct{} // somebody asks that it be looked at now
}

func newHousemap(path string) *housemap {
	return &housemap{continuity.NewSiteFiles(path), make(chan struct{}, 1)}
}

// wake has run look now.
func (m *housemap) wake() {
	select {
	case m.look <- struct{}{}:
	default: // it will look in any case
	}
}

// redraw has the continuity room go by the house's map as its files say it now, each minute and whenever the process is told to (SIGHUP), until ctx ends.
func (n *Node) redraw(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.housemap.look:
		}
		site, changed, err := n.housemap.files.Read()
		if !changed {
			continue
		}
		if err = n.continuity.Redraw(site, err); err != nil {
			n.log.ErrorContext(ctx, "the house's map was changed and is not taken: the one from before stays in force. Mend the file: it is read again within a minute", "error", err)
			continue
		}
		n.log.InfoContext(ctx, "the house's map was read again, and is in force")
	}
}
