package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/access/ca"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/app/node/supervise"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/probe"
	"github.com/wardline/wardline/internal/continuity/synthetic"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/stamp"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault"
	"github.com/wardline/wardline/internal/vault/veil"
	"github.com/wardline/wardline/internal/watch"
)

// Node is all that runs on one machine.
type Node struct {
	config     Config
	log        *slog.Logger
	taxonomy   *event.Taxonomy
	authority  *ca.Authority
	db         *store.DB
	vault      *vault.Vault
	veil       *veil.Veil // the one of all rooms: what one hears of, the others hide
	journal    *journal.Journal
	house      *access.House
	desk       *triage.Desk
	live       *watch.Live
	hunter     *watch.Hunter
	console    *console.Console
	extra      map[string]http.HandlerFunc // beside the console's own, by pattern
	rulebook   *watch.Rulebook
	neighbours *neighbours
	stamps     *stamp.Keeper      // nil when no authority of time stamps is asked
	privacy    *privacy.Room      // nil when it is off
	integrity  *integrity.Room    // nil when nothing is compared
	continuity *continuity.Room   // nil when it is off
	housemap   *housemap          // nil when continuity is
	prober     *probe.Prober      // nil when no server is to be asked
	tests      []synthetic.Route  // ways on which test messages are sent
	packs      *packs             // nil when no unit gets paper
	hospital   *hospital.Follower // nil when privacy and integrity are
	index      *index.Index       // nil when it is off
	intake     *collect.Intake
	ledger     *ledger
	silence    *silence
	listed     []SourceConfig
	sources    []source // made of them
	parts      *supervise.Supervisor
	began      time.Time
}

// Open opens everything that is kept, in the order in which one thing needs the other, and listens to nobody yet. What
// cannot work fails here, with an error that says what to do.
func Open(ctx context.Context, c Config, log *slog.Logger) (*Node, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.drop(), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	n := &Node{config: c, log: log, parts: supervise.New(log), began: time.Now()}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.Close(ctx))
	}
	return n, nil
}

func (n *Node) open(ctx context.Context) (err error) {
	if n.taxonomy, err = app.Taxonomy(); err != nil {
		return err
	}
	if n.authority, err = ca.Open(n.config.authority(), n.config.Site, time.Now); err != nil {
		return err
	}
	if n.db, err = openState(ctx, &n.config); err != nil {
		return err
	}
	if n.vault, err = openVault(ctx, &n.config, n.db); err != nil {
		return err
	}
	n.veil = veil.New(n.vault)
	if n.journal, err = journal.Open(ctx, n.config.kept(n.db), n.log); err != nil {
		return err
	}
	if n.house, err = access.Open(ctx, n.db, n.vault, n.journal, time.Now); err != nil {
		return err
	}
	if n.desk, err = triage.Open(ctx, n.db, n.veil); err != nil {
		return err
	}
	n.desk.Tell(n.log)
	if n.index, err = n.openIndex(); err != nil {
		return err
	}
	if err := n.openWatch(ctx); err != nil {
		return err
	}
	for _, open := range []func(context.Context) error{n.openPrivacy, n.openIntegrity, n.openContinuity, n.openProbes, n.openTests, n.openPacks, n.openHospital, n.openNeighbours, n.openStamps} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	if err := n.openIntake(ctx); err != nil {
		return err
	}
	if err := n.openSources(); err != nil {
		return err
	}
	if err := n.openConsole(ctx); err != nil {
		return err
	}
	// What rooms sealed of an earlier version is still there in clear, where the file has room.
	if err := n.db.Once(ctx, "forget what an earlier version wrote in clear", n.db.Compact); err != nil {
		n.log.WarnContext(ctx, "what an earlier version wrote may be read in free room of the database; the next start tries again", "error", err)
	}
	return nil
}

// openIntake makes the door for senders, and recalls those of earlier.
func (n *Node) openIntake(ctx context.Context) error {
	n.ledger = &ledger{Journal: n.journal, db: n.db, log: n.log, pages: map[string][]byte{}}
	n.silence = newSilence(n.journal)
	c := n.config.Intake
	c.Silent = n.silence.tell
	n.intake = collect.NewIntake(n.ledger, c, time.Now, n.log)
	return n.ledger.recall(ctx, n.intake)
}

func (n *Node) openIndex() (*index.Index, error) {
	c := index.DefaultConfig(filepath.Join(n.config.Data, "index"), n.veil)
	c.URL, c.Memory = n.config.Index.URL, n.config.Index.Memory
	return index.Open(c, n.log)
}

// openWatch opens what judges events.
func (n *Node) openWatch(ctx context.Context) error {
	err := n.openRulebook(ctx)
	if err != nil {
		return err
	}
	n.live, err = watch.NewLive(ctx, watch.LiveConfig{Journal: n.journal, DB: n.db, Vault: n.vault, Taxonomy: n.taxonomy, Set: n.rulebook.Set(), Log: n.log})
	if err != nil {
		return err
	}
	n.hunter, err = watch.NewHunter(ctx, watch.HunterConfig{
		Journal: n.journal, DB: n.db, Vault: n.vault, Taxonomy: n.taxonomy, Log: n.log, Live: n.live, Desk: n.desk, Index: n.index,
	})
	if err != nil {
		return err
	}
	n.rulebook.Serve(n.hunter)
	return nil
}

// serverTLS is the certificate that the node shows, its own or the one that the configuration names.
func (n *Node) serverTLS() (*tls.Config, error) {
	if c := n.config.Console; c.Certificate != "" {
		conf, err := collect.Renewing(c.Certificate, c.Key, n.log)
		if err != nil {
			return nil, fmt.Errorf("console.certificate: %w", err)
		}
		conf.ClientCAs = n.authority.Pool()
		return conf, nil
	}
	return n.authority.Server(n.names()...), nil
}

// names lists what this machine is called and may be reached by.
func (n *Node) names() []string {
	names := append(slices.Clone(n.config.Console.Names), "localhost")
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		n.log.Warn("addresses of this machine cannot be listed", "error", err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok {
			names = append(names, ip.IP.String())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Run lets senders in and watches until ctx is done, or until a part fails without which nothing can go on. It stops in
// reverse: first nobody is let in any more, then what came in is finished.
func (n *Node) Run(ctx context.Context) error {
	failed := make(chan struct{}, 1)
	rooms, doors := newStage(ctx, failed), newStage(ctx, failed)
	n.startRooms(rooms)
	n.startDoors(doors)
	select {
	case <-ctx.Done():
	case <-failed:
	}
	n.log.Info("stopping")
	return errors.Join(doors.end(), rooms.end(), n.ledger.write(context.WithoutCancel(ctx)))
}

// startRooms starts what works on the journal.
func (n *Node) startRooms(s *stage) {
	s.start(n.intake.Run)
	s.start(n.part("senders", n.ledger.keep))
	s.start(n.part("silence", n.silence.run))
	s.start(n.part("retention", n.retain))
	s.start(n.part("trail", n.mendTrail))
	s.start(n.part("certificates", n.renewals))
	s.start(n.part("desk", func(ctx context.Context) error { return n.desk.Run(ctx, n.journal) }))
	s.start(n.part("watch", n.live.Run))
	s.start(n.part("rules", n.rulebook.Run))
	s.start(n.part("signals", n.hangups))
	s.start(n.part("index", func(ctx context.Context) error { return n.index.Run(ctx, n.eventsFrom) }))
	if n.hospital != nil {
		s.start(n.part("hospital", n.hospital.Run))
	}
	if n.continuity != nil {
		s.start(n.part("continuity", n.continuity.Run))
		s.start(n.part("the house's map", n.redraw))
	}
	if n.packs != nil {
		s.start(n.part("downtime packs", n.printPacks))
	}
	if n.prober != nil {
		s.start(n.part("probes", n.prober.Run))
	}
	for i := range n.tests {
		s.start(n.part("test messages "+n.tests[i].Name, func(ctx context.Context) error { return n.testWay(ctx, &n.tests[i]) }))
	}
	s.start(n.part("witnesses", n.neighbours.run))
	if n.stamps != nil {
		s.start(n.part("time stamps", n.stamps.Run))
	}
	if n.integrity != nil {
		for _, file := range n.config.Integrity.Databases {
			s.start(n.part("sweep "+filepath.Base(file), func(ctx context.Context) error { return n.sweep(ctx, file) }))
		}
		for _, file := range n.config.Integrity.Archives {
			s.start(n.part("archive "+filepath.Base(file), func(ctx context.Context) error { return n.sweepArchive(ctx, file) }))
		}
		for _, file := range n.config.Integrity.FHIRServers {
			s.start(n.part("sweep "+filepath.Base(file), func(ctx context.Context) error { return n.sweepResources(ctx, file) }))
		}
	}
	s.start(n.console.Run)
}

// startDoors starts what lets others in.
func (n *Node) startDoors(s *stage) {
	if n.config.Metrics.Listen != "off" {
		s.start(n.part("metrics", n.serveMetrics))
	}
	s.start(n.part("control", n.serveControl))
	s.start(n.part("console", n.serveConsole))
	for _, src := range n.sources {
		s.start(n.part(src.name, func(ctx context.Context) error { return src.Run(ctx, n.intake) }))
	}
}

// part lets a part fail and be started again.
func (n *Node) part(name string, run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return n.parts.Run(ctx, name, run) }
}

// What is sent again because an acknowledgement was lost is searched for once: among the latest ids, which are
// learned from the entries before those that the index begins with.
const (
	lastIDs   = 100_000
	relearned = 5_000
)

// eventsFrom feeds the index from the journal.
func (n *Node) eventsFrom(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
	seen := event.NewSeen(lastIDs)
	return n.journal.Follow(ctx, from-min(from, relearned), func(ctx context.Context, e *journal.Entry) error {
		b := index.Batch{Entry: e.Index}
		if e.Header.Kind == journal.Events && e.Gone.IsZero() {
			b.Lines = fresh(e, seen)
		}
		for first, last := range e.Deleted(journal.Events) {
			b.Gone = append(b.Gone, index.Span{First: first, Last: last})
		}
		if e.Index >= from {
			return handle(ctx, b)
		}
		if b.Lines != nil {
			b.Lines(func(int, []byte) bool { return true }) // it is enough to have seen them
		}
		return nil
	})
}

// fresh yields the lines of an entry that were not seen before, once.
func fresh(e *journal.Entry, seen *event.Seen) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for n, line := range e.Lines() {
			if id, ok := event.LineID(line); ok && seen.Add(id) {
				continue
			}
			if !yield(n, line) {
				return
			}
		}
	}
}

// closing is how long the journal may take to write what waits.
const closing = 15 * time.Second

// Close closes what Open opened. It may be called once, whatever Open returned.
func (n *Node) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	var errs []error
	if n.journal != nil {
		errs = append(errs, n.journal.Close(ctx))
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(errs...)
}
