package index

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Span is a run of entries of the journal.
type Span struct{ First, Last uint64 }

// forget has the search process delete the rows of entries whose bodies the journal has deleted. When it returns the order is durable:
// it is carried out within seconds, or when the process runs again. The mark moves over the entry that deletes only then.
func (f *feeder) forget(ctx context.Context, spans []Span) error {
	if len(spans) == 0 {
		return nil
	}
	if f.x.cfg.URL != "" {
		f.x.log.WarnContext(ctx, "rows of deleted events stay in the VictoriaLogs cluster: let it keep them no longer than the journal does", "entries", len(spans))
		return nil
	}
	for _, s := range spans {
		if err := f.client.forget(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) forget(ctx context.Context, s Span) error {
	query := url.Values{"first": {strconv.FormatUint(s.First, 10)}, "last": {strconv.FormatUint(s.Last, 10)}}
	body, err := c.post(ctx, "/forget?"+query.Encode(), "application/json", http.NoBody)
	if err != nil {
		return err
	}
	return discard(body)
}

// present leaves out what is no row: where VictoriaLogs deletes the first row of a block it leaves a time without any field.
const present = `"` + colEntry + `":*`

// Filter is what is asked for the rows of a span.
func (s Span) Filter() string {
	return quote(colEntry) + ":range[" + strconv.FormatUint(s.First, 10) + "," + strconv.FormatUint(s.Last, 10) + "]"
}
