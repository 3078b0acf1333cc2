package node

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
)

// serveMetrics lets the machine's own monitoring read /metrics and /healthz until ctx is done.
func (n *Node) serveMetrics(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(n, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", n.healthz)
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", n.config.Metrics.Listen)
	if err != nil {
		return err
	}
	return serve(ctx, listener, mux, n.log)
}

// serve serves until ctx is done, and lets requests that are under way end.
func serve(ctx context.Context, listener net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)} // browsers that do not trust the certificate break off
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close() // pages that are kept open for news
	}
	<-ended
	return err
}

// healthz answers 200 when everything runs and 503 when something does not; what, it says in words of the program.
func (n *Node) healthz(w http.ResponseWriter, _ *http.Request) {
	troubles := n.Troubles()
	status := http.StatusOK
	if len(troubles) > 0 {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"ok": len(troubles) == 0, "troubles": troubles}) // the reader may have gone
}

// Troubles lists what does not work at the moment, part by part.
func (n *Node) Troubles() map[string]string {
	troubles := map[string]string{}
	for part, err := range n.parts.Troubles() {
		troubles[part] = err.Error()
	}
	if err := n.journal.Healthy(); err != nil {
		troubles["journal"] = err.Error()
	}
	if err := n.index.Healthy(); err != nil {
		troubles["index"] = err.Error()
	}
	return troubles
}

var _ prometheus.Collector = (*Node)(nil)

// gauge is one number that is looked up when it is asked for. Metrics have no label that comes from what is received:
// how many there are is fixed.
type gauge struct {
	name, help string
	kind       prometheus.ValueType
	value      func(*Node, collect.Counts) float64
}

func gauges() []gauge {
	const count, level = prometheus.CounterValue, prometheus.GaugeValue
	return []gauge{
		{"wardline_records_received_total", "Records that senders handed in.", count, func(_ *Node, c collect.Counts) float64 { return float64(c.Received) }},
		{"wardline_records_stored_total", "Records that are durable.", count, func(_ *Node, c collect.Counts) float64 { return float64(c.Stored) }},
		{"wardline_records_quarantined_total", "Records that could not be read and are kept as they came.", count, func(_ *Node, c collect.Counts) float64 { return float64(c.Quarantined) }},
		{"wardline_records_refused_total", "Records that were not taken in, and the sender told so.", count, func(_ *Node, c collect.Counts) float64 { return float64(c.Refused) }},
		{"wardline_records_dropped_total", "Datagrams that were lost.", count, func(_ *Node, c collect.Counts) float64 { return float64(c.Dropped) }},
		{"wardline_records_waiting", "Records received and not durable yet.", level, func(_ *Node, c collect.Counts) float64 { return float64(c.Waiting) }},
		{"wardline_bytes_received_total", "Bytes that senders handed in.", count, func(_ *Node, c collect.Counts) float64 { return float64(c.Bytes) }},
		{"wardline_journal_entries", "Entries of the journal.", count, func(n *Node, _ collect.Counts) float64 { return float64(n.journal.Size()) }},
		{"wardline_journal_troubles", "1 while the journal cannot do all that it is for; /healthz says why.", level, func(n *Node, _ collect.Counts) float64 {
			if n.journal.Healthy() != nil {
				return 1
			}
			return 0
		}},
		{"wardline_watch_events_total", "Events judged since the start.", count, func(n *Node, _ collect.Counts) float64 { return float64(n.live.State().Events) }},
		{"wardline_watch_lag_seconds", "How old the event judged last is, while others wait.", level, func(n *Node, _ collect.Counts) float64 { return n.live.State().Lag.Seconds() }},
		{"wardline_watch_unread_total", "Lines of events that the watcher could not read, since the start.", count, func(n *Node, _ collect.Counts) float64 { return float64(n.live.State().Unread) }},
		{"wardline_watch_damaged_total", "Entries that the watcher could not read, since the start.", count, func(n *Node, _ collect.Counts) float64 { return float64(n.live.State().Damaged) }},
		{"wardline_desk_unread_total", "Lines of findings that the queue could not read, since the start.", count, func(n *Node, _ collect.Counts) float64 { return float64(n.desk.Unread()) }},
		{"wardline_desk_damaged_total", "Entries that the queue could not read, since the start.", count, func(n *Node, _ collect.Counts) float64 { return float64(n.desk.Damaged()) }},
		{"wardline_index_entries", "Entries of the journal that can be searched.", level, func(n *Node, _ collect.Counts) float64 { return float64(n.index.Through()) }},
		{"wardline_hospital_entries", "Entries of the journal that were read for what they say of the hospital; 0 when that is off.", level, func(n *Node, _ collect.Counts) float64 {
			if n.hospital == nil {
				return 0
			}
			return float64(n.hospital.State().Next)
		}},
		{"wardline_acts_without_end", "Acts of the last seven days of which nothing says how they ended; -1 when that cannot be told.", level, func(n *Node, _ collect.Counts) float64 { return float64(n.withoutEnd()) }},
		{"wardline_stamp_age_seconds", "How long ago an authority stamped the journal last; -1 when none ever did, or none is asked.", level, func(n *Node, _ collect.Counts) float64 { return n.stampAge() }},
		{"wardline_troubles", "Parts that do not work at the moment.", level, func(n *Node, _ collect.Counts) float64 { return float64(len(n.Troubles())) }},
		{"wardline_uptime_seconds", "Time since the start.", level, func(n *Node, _ collect.Counts) float64 { return time.Since(n.began).Seconds() }},
	}
}

// Describe implements prometheus.Collector.
func (n *Node) Describe(out chan<- *prometheus.Desc) {
	for _, g := range gauges() {
		out <- prometheus.NewDesc(g.name, g.help, nil, nil)
	}
}

// Collect implements prometheus.Collector.
func (n *Node) Collect(out chan<- prometheus.Metric) {
	var sum collect.Counts
	for _, s := range n.intake.Standings() {
		sum = sum.Plus(s.Counts)
	}
	for _, g := range gauges() {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(g.name, g.help, nil, nil), g.kind, g.value(n, sum))
	}
}

// Status says how the node does.
func (n *Node) Status() Status {
	live := n.live.State()
	going, _ := n.rulebook.Going()
	out := Status{
		Site: n.config.Site, Version: app.Version(), Uptime: time.Since(n.began).Seconds(), Entries: n.journal.Size(),
		Indexed: n.index.Through(), Rebuilds: n.index.Counts().Rebuilds, Judged: live.Next, Refused: len(n.rulebook.Refused()),
		Rules: live.Version, Going: going.Version, Trouble: n.rulebook.Trouble(),
		Unread: live.Unread + n.desk.Unread(), Damaged: live.Damaged + n.desk.Damaged(), Troubles: n.Troubles(), Senders: n.intake.Standings(),
		WithoutEnd: n.withoutEnd(), House: n.houseStatus(), Stamps: n.stampStatus(),
	}
	if n.continuity != nil {
		out.Map = n.continuity.MapTrouble()
	}
	return out
}
