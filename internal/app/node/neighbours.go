package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/integrity/stamp"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

// neighbours are the hospitals that vouch for this one's journal, and this one for theirs.
type neighbours struct {
	n      *Node
	log    tlog.Key
	signer *tlog.Signer
	alarms chan witness.Alarm
	turned chan struct{} // told when somebody came or went

	mu     sync.Mutex
	list   []witness.Introduction // guarded by mu, as are server and feed
	server *witness.Server
	feed   *witness.Feed // nil while nobody is asked
}

const (
	witnessPath = "/witness"
	mostAlarms  = 256
)

// openNeighbours opens what hospitals ask each other for.
func (n *Node) openNeighbours(ctx context.Context) (err error) {
	b := &neighbours{n: n, alarms: make(chan witness.Alarm, mostAlarms), turned: make(chan struct{}, 1)}
	if b.log, err = tlog.ParseKey(n.journal.PublicKey()); err != nil {
		return fmt.Errorf("read the journal's public key: %w", err)
	}
	if b.signer, err = readWitnessKey(n.config.witnessKey(), "witness."+b.log.Name); err != nil {
		return err
	}
	if err := b.load(ctx); err != nil {
		return err
	}
	n.neighbours = b
	return nil
}

// witnessKey is the file of the key that this node signs others' checkpoints with.
func (c *Config) witnessKey() string { return filepath.Join(c.Data, "witness.key") }

// readWitnessKey reads it, or makes one.
func readWitnessKey(path, name string) (*tlog.Signer, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return tlog.ParseSigner(strings.TrimSpace(string(text)))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key of the witness: %w", err)
	}
	seed := make([]byte, 32)
	if _, err := rand.Read(seed); err != nil {
		return nil, fmt.Errorf("make the key of the witness: %w", err)
	}
	s, err := tlog.NewSigner(name, tlog.CosignatureV1, seed)
	if err != nil {
		return nil, fmt.Errorf("make the key of the witness: %w", err)
	}
	if err := os.WriteFile(path, []byte(s.Secret()+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keep the key of the witness: %w", err)
	}
	return s, nil
}

// load reads who the neighbours are and makes anew what serves and asks them.
func (b *neighbours) load(ctx context.Context) error {
	list, err := witness.Neighbours(ctx, b.n.db)
	if err != nil {
		return err
	}
	var logs []tlog.Log
	roots, err := x509.SystemCertPool() // for those whose certificate browsers know
	if err != nil {
		roots = x509.NewCertPool()
	}
	for _, i := range list {
		logs = append(logs, tlog.Log{Origin: i.Log.Name, Keys: []tlog.Key{i.Log}})
		if ca, err := x509.ParseCertificate(i.Authority); err == nil {
			roots.AddCert(ca)
		}
	}
	server, err := witness.NewServer(ctx, b.n.db, witness.ServerConfig{Signer: b.signer, Logs: logs, Now: time.Now, Tell: b.tell, Log: b.n.log})
	if err != nil {
		return err
	}
	var feed *witness.Feed
	policy := witness.PolicyOf(b.log, list)
	if len(policy.Witnesses) > 0 {
		client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}}
		if feed, err = witness.NewFeed(ctx, b.n.db, b.n.journal, witness.FeedConfig{Policy: policy, Client: client, Now: time.Now, Tell: b.tell}); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list, b.server, b.feed = list, server, feed
	return nil
}

func (b *neighbours) parts() ([]witness.Introduction, *witness.Server, *witness.Feed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.list, b.server, b.feed
}

// tell takes an alarm; what it is about is kept already. It must not block.
func (b *neighbours) tell(ctx context.Context, a witness.Alarm) {
	select {
	case b.alarms <- a:
	default:
		b.n.log.ErrorContext(ctx, "a witness's alarm could not be filed: too many wait", "kind", string(a.Kind), "log", a.Log)
	}
}

// run asks the neighbours on a fixed clock, looks for those that fell silent, and files alarms, until ctx ends.
func (b *neighbours) run(ctx context.Context) error {
	tick := time.NewTicker(witness.Every)
	defer tick.Stop()
	for {
		if err := b.round(ctx); err != nil {
			if ctx.Err() != nil { // a database that is interrupted says so in its own words
				return ctx.Err()
			}
			return err
		}
		for waits := true; waits; {
			select {
			case a := <-b.alarms:
				if err := b.file(ctx, a); err != nil {
					return err
				}
			case <-tick.C:
				waits = false
			case <-b.turned:
				waits = false
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func (b *neighbours) round(ctx context.Context) error {
	_, server, feed := b.parts()
	if err := server.Silent(ctx); err != nil {
		return err
	}
	if feed == nil {
		return nil
	}
	_, err := feed.Round(ctx)
	return err
}

// file has an alarm stand in the journal as a finding. A neighbour that has signed nothing yet may not have taken this node's introduction: that is
// no alarm.
func (b *neighbours) file(ctx context.Context, a witness.Alarm) error {
	if !a.Kind.Grave() && a.Peer != "" {
		met, err := b.met(ctx, a.Peer)
		if err != nil || !met {
			return err
		}
	}
	rule := finding.Rule{
		ID: "witness-" + strings.ReplaceAll(string(a.Kind), " ", "-"), Title: "A neighbour’s witness does not answer as it should", Level: "low", Author: "Wardline", Source: "node", Type: "witness",
		Summary: "Hospitals sign each other's journals. As long as one is not signed, nobody outside of the house can vouch for it. Ask the people there, and look at wardline witness status.",
	}
	kind := finding.Disruption
	if a.Kind == witness.Older {
		rule.Title, rule.Level, kind = "Somebody sent an older state of a neighbour’s journal", "medium", finding.Falsification
		rule.Summary = "It is signed by that journal, which meanwhile goes on as it should. Either somebody who got hold of it sends it again, or the journal was put back to an older copy some minutes ago: " +
			"then another finding says so within a quarter of an hour. Ask the other hospital by telephone."
		rule.FalsePositives = []string{"A node that was restored from a backup."}
	}
	if a.Kind.Grave() {
		rule.Title, rule.Level, kind = "A journal is not the one that was signed before", "critical", finding.Falsification
		rule.Summary = "What the log signed does not continue what a witness signed of it. It was rewritten, cut off, forked, or put back to an older copy. Both sides keep the proof. " +
			"Stop changing anything on that machine, and find out who restored or replaced what. Tell the other hospital by telephone."
		rule.CareImpact = "Nobody can rely on what that journal says about records until it is known what was changed."
		rule.FalsePositives = []string{"A node that was restored from a backup."}
	}
	entity := a.Log
	if a.Peer != "" {
		entity += " at " + a.Peer
	}
	said, err := json.Marshal(map[string]any{"kind": a.Kind, "log": a.Log, "peer": a.Peer, "size": a.Size, "held": a.Held, "status": a.Status, "evidence": a.Evidence, "times": a.Times})
	if err != nil {
		return fmt.Errorf("write a witness's alarm: %w", err)
	}
	book := finding.NewBook(5)
	book.AddJoined(kind, &rule, entity, []finding.Evidence{{Source: "witness", Time: a.At, Fields: said, Entities: map[string]string{"host": a.Log}}})
	line, err := triage.LineOf(&triage.Filed{Finding: book.Findings()[0], Watcher: "witness", From: journal.Place{Entry: uint64(a.At.UnixMilli())}})
	if err == nil {
		_, err = b.n.journal.Append(ctx, line)
	}
	if err != nil {
		return fmt.Errorf("file a witness's alarm: %w", err)
	}
	return nil
}

// met tells whether a neighbour has signed anything for this node.
func (b *neighbours) met(ctx context.Context, site string) (bool, error) {
	all, err := b.standings(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range all {
		if s.Site == site {
			return s.Size > 0, nil
		}
	}
	return false, nil
}

// serve answers the neighbours.
func (b *neighbours) serve(w http.ResponseWriter, r *http.Request) {
	_, server, _ := b.parts()
	http.StripPrefix(witnessPath, server).ServeHTTP(w, r)
}

// introduction is this node's own.
func (b *neighbours) introduction() witness.Introduction {
	i := witness.Introduction{
		Site: strings.ReplaceAll(b.n.config.Site, " ", "-"), Log: b.log, Witness: b.signer.Key(), URL: "https://" + b.n.reached(b.n.config.Console.Listen) + witnessPath + "/",
	}
	if b.n.config.Console.Certificate == "" {
		if block, _ := pem.Decode(b.n.authority.PEM()); block != nil {
			i.Authority = block.Bytes
		}
	}
	return i
}

// Neighbours is what is known of those that vouch for this node.
type Neighbours struct {
	Introduction string             `json:"introduction"` // this node's own
	Size         uint64             `json:"size"`         // of the journal
	Fingerprint  string             `json:"fingerprint"`  // of its key
	Policy       string             `json:"policy"`
	All          []witness.Standing `json:"all"`
	// Stamps is when an authority of time stamps, which is nobody's neighbour, stamped the journal last; nil when none is asked.
	Stamps *stamp.Standing `json:"time_stamps,omitempty"`
}

// standings say how the neighbours do.
func (b *neighbours) standings(ctx context.Context) ([]witness.Standing, error) {
	list, _, _ := b.parts()
	return witness.Standings(ctx, b.n.db, b.log, list)
}

func (n *Node) askNeighbours(ctx context.Context, _ *http.Request) (any, error) {
	list, _, _ := n.neighbours.parts()
	all, err := n.neighbours.standings(ctx)
	if err != nil {
		return nil, err
	}
	own, policy := n.neighbours.introduction(), witness.PolicyOf(n.neighbours.log, list)
	return Neighbours{string(own.Text()), n.journal.Size(), Fingerprint(n.neighbours.log), string(policy.Bytes()), all, n.stampStatus()}, nil
}

// Introduced is a hospital that is to be a neighbour, or is to be one no longer.
type Introduced struct {
	Introduction string `json:"introduction,omitempty"`
	Forget       string `json:"forget,omitempty"` // its name
	Site         string `json:"site,omitempty"`
	Fingerprint  string `json:"fingerprint,omitempty"` // of its log's key, to be compared by telephone
}

func (n *Node) introduce(ctx context.Context, r *http.Request) (any, error) {
	var asked Introduced
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&asked); err != nil {
		return nil, errors.New("say who is introduced")
	}
	var i witness.Introduction
	if asked.Forget == "" {
		var err error
		if i, err = witness.ParseIntroduction([]byte(asked.Introduction)); err != nil {
			return nil, err
		}
		list, _, _ := n.neighbours.parts()
		if err := witness.Admit(n.neighbours.log, list, &i); err != nil {
			return nil, err
		}
		asked.Site, asked.Fingerprint = i.Site, Fingerprint(i.Log)
	}
	err := n.house.Do(ctx, access.SourceWrite, access.Object{Kind: "neighbour", ID: asked.Site + asked.Forget}, map[string]string{"log": asked.Fingerprint}, func(ctx context.Context) error {
		if asked.Forget != "" {
			return witness.Forget(ctx, n.db, asked.Forget)
		}
		return witness.Introduce(ctx, n.db, &i)
	})
	if err == nil {
		err = n.neighbours.load(ctx)
	}
	if err != nil {
		return nil, err
	}
	select {
	case n.neighbours.turned <- struct{}{}:
	default:
	}
	return asked, nil
}

// Fingerprint is a key in a form that people can read to each other.
func Fingerprint(k tlog.Key) string {
	sum := sha256.Sum256([]byte(k.String()))
	text := hex.EncodeToString(sum[:16])
	var groups []string
	for i := 0; i < len(text); i += 4 {
		groups = append(groups, text[i:i+4])
	}
	return strings.Join(groups, " ")
}
