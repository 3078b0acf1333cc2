package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Count tells how many events q asks for, and when the first and the last of them happened. Limit, Oldest
// and After are not used.
func (x *Index) Count(ctx context.Context, q Query) (n uint64, first, last time.Time, err error) {
	from, to := q.span()
	var row struct {
		N           uint64 `json:"n,string"`
		First, Last string
	}
	err = x.tell(ctx, q, from, to, " | stats count() n, min(_time) first, max(_time) last", func(d *json.Decoder) error {
		return d.Decode(&row)
	})
	if err != nil || row.N == 0 {
		return 0, time.Time{}, time.Time{}, err
	}
	first, err = time.Parse(time.RFC3339Nano, row.First)
	if err == nil {
		last, err = time.Parse(time.RFC3339Nano, row.Last)
	}
	if err != nil {
		return 0, time.Time{}, time.Time{}, errAnswer
	}
	return row.N, first, last, nil
}

const maxBuckets = 1000

// Histogram counts the events that q asks for in buckets of equal length from q.From to q.To, which both must be set.
func (x *Index) Histogram(ctx context.Context, q Query, buckets int) ([]uint64, error) {
	from, to := q.span()
	if q.From.IsZero() || q.To.IsZero() || !from.Before(to) {
		return nil, errors.New("a histogram needs a span of time: set From and To")
	}
	if buckets < 1 || buckets > maxBuckets {
		return nil, fmt.Errorf("a histogram has 1 to %d buckets", maxBuckets)
	}
	step := (to.Sub(from) + time.Duration(buckets) - 1) / time.Duration(buckets)
	// VictoriaLogs' buckets begin at multiples of step, less the offset.
	offset := (int64(step) - from.UnixNano()%int64(step)) % int64(step)
	counts := make([]uint64, buckets)
	pipes := fmt.Sprintf(" | stats by (_time:%dns offset %dns) count() n", step, offset)
	err := x.tell(ctx, q, from, to, pipes, func(d *json.Decoder) error {
		var row struct {
			Time time.Time `json:"_time"`
			N    uint64    `json:"n,string"`
		}
		if err := d.Decode(&row); err != nil {
			return err
		}
		at := int(row.Time.Sub(from) / step)
		if at < 0 || at >= buckets {
			return errAnswer
		}
		counts[at] += row.N
		return nil
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}

// Value is a name or a value, and how many events have it.
type Value struct {
	Text string
	Hits uint64
}

// Top returns the most frequent values of a field among the events that q asks for, at most limit, the most frequent
// first. Events without the field do not count.
func (x *Index) Top(ctx context.Context, q Query, field string, limit int) ([]Value, error) {
	if limit < 1 || limit > maxBuckets {
		return nil, fmt.Errorf("the most frequent values are 1 to %d", maxBuckets)
	}
	from, to := q.span()
	q.Fields = append(q.Fields[:len(q.Fields):len(q.Fields)], Field{Name: field, Op: Exists})
	name := own(field)
	var top []Value
	pipes := fmt.Sprintf(" | stats by (%s) count() %s | sort by (%s desc, %s) limit %d",
		quote(name), quote(hitsColumn), quote(hitsColumn), quote(name), limit)
	err := x.tell(ctx, q, from, to, pipes, func(d *json.Decoder) error {
		var row map[string]string
		if err := d.Decode(&row); err != nil {
			return err
		}
		v := Value{Text: kept(row[name])}
		if _, err := fmt.Sscan(row[hitsColumn], &v.Hits); err != nil {
			return errAnswer
		}
		top = append(top, v)
		return nil
	})
	return top, err
}

// hitsColumn is a name that no field has in the index.
const hitsColumn = "_stream_id"

// Names returns the names of the fields that the events have that q asks for, with about how many have each: an
// event counts when others that lie beside it have the field.
func (x *Index) Names(ctx context.Context, q Query) ([]Value, error) {
	ctx, c, release, err := x.enter(ctx, q.By)
	if err != nil {
		return nil, err
	}
	defer release()
	from, to := q.span()
	q.veil = x.cfg.Veil
	args, err := q.args(from, to, "")
	if err != nil {
		return nil, err
	}
	args.Set("timeout", x.cfg.QueryTime.String())
	body, err := c.ask(ctx, "field_names", args)
	if err != nil {
		return nil, forPeople(ctx, err)
	}
	defer body.Close()
	var answer struct {
		Values []struct {
			Value string
			Hits  uint64
		}
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return nil, forPeople(ctx, errAnswer)
	}
	var names []Value
	for _, v := range answer.Values {
		switch v.Value {
		case "_time", "_stream", "_stream_id", "_msg", colStream:
		default:
			names = append(names, Value{strings.Clone(v.Value), v.Hits})
		}
	}
	return names, nil
}

// tell puts a question whose answer is a few rows, and calls each to read one.
func (x *Index) tell(ctx context.Context, q Query, from, to time.Time, pipes string, each func(*json.Decoder) error) error {
	ctx, c, release, err := x.enter(ctx, q.By)
	if err != nil {
		return err
	}
	defer release()
	q.veil = x.cfg.Veil
	args, err := q.args(from, to, pipes)
	if err != nil {
		return err
	}
	args.Set("timeout", x.cfg.QueryTime.String())
	body, err := c.ask(ctx, "query", args)
	if err != nil {
		return forPeople(ctx, err)
	}
	defer body.Close()
	for d := json.NewDecoder(io.LimitReader(body, maxTold)); ; {
		err := each(d)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return forPeople(ctx, errAnswer) // the decoder's error quotes what it read
		}
	}
}

// maxTold bounds an answer of a few rows.
const maxTold = 64 << 20
