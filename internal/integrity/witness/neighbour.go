package witness

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/store"
)

// Introduction is what one hospital gives another so that they can vouch for each other: who it is, the key of its log, the key of its witness, where
// that is reached, and the authority of its certificate. None of it is secret, and all of it has to come by a way that nobody in
// between can change: who believes a wrong key believes a wrong log.
type Introduction struct {
	Site      string // name of the hospital, as people write it, without blanks
	Log       tlog.Key
	Witness   tlog.Key
	URL       string // of the witness; empty for one that signs nothing, such as a clinic behind a router
	Authority []byte // certificate in DER; empty where browsers know the certificate
}

const (
	introductionHead = "wardline introduction 1\n"
	maxIntroduction  = 16 << 10
	maxSite          = 64
)

// ErrIntroduction says that a text is none.
var ErrIntroduction = errors.New("not an introduction: it is what wardline witness show prints at the other hospital, whole")

// Text is the introduction as it is sent: five lines at most.
func (i *Introduction) Text() []byte {
	var b bytes.Buffer
	b.WriteString(introductionHead)
	fmt.Fprintf(&b, "site %s\nlog %s\n", i.Site, i.Log)
	fmt.Fprintf(&b, "witness %s", i.Witness)
	if i.URL != "" {
		b.WriteString(" " + i.URL)
	}
	b.WriteByte('\n')
	if len(i.Authority) > 0 {
		fmt.Fprintf(&b, "authority %s\n", base64.StdEncoding.EncodeToString(i.Authority))
	}
	return b.Bytes()
}

// ParseIntroduction reads what Text returned, and nothing else. Blanks around it do not matter, since it is pasted.
func ParseIntroduction(text []byte) (Introduction, error) {
	if len(text) > maxIntroduction {
		return Introduction{}, ErrIntroduction
	}
	text = append(bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), '\n')
	rest, ok := strings.CutPrefix(string(text), introductionHead)
	if !ok {
		return Introduction{}, ErrIntroduction
	}
	var i Introduction
	for n, line := range strings.Split(strings.TrimSuffix(rest, "\n"), "\n") {
		if err := i.line(line); err != nil {
			return Introduction{}, fmt.Errorf("line %d: %w", n+2, err)
		}
	}
	if !bytes.Equal(i.Text(), text) { // there is one way to write it
		return Introduction{}, ErrIntroduction
	}
	return i, nil
}

func (i *Introduction) line(line string) (err error) {
	name, value, _ := strings.Cut(line, " ")
	switch name {
	case "site":
		if i.Site = value; value == "" || len(value) > maxSite || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) {
			return ErrIntroduction
		}
	case "log":
		if i.Log, err = tlog.ParseKey(value); err != nil || i.Log.Algorithm != tlog.Ed25519 {
			return ErrIntroduction
		}
	case "witness":
		key, at, _ := strings.Cut(value, " ")
		if i.Witness, err = tlog.ParseKey(key); err != nil || i.Witness.Algorithm != tlog.CosignatureV1 {
			return ErrIntroduction
		}
		if i.URL = at; at != "" {
			if u, err := url.Parse(at); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
				return ErrIntroduction
			}
		}
	case "authority":
		if i.Authority, err = base64.StdEncoding.Strict().DecodeString(value); err != nil {
			return ErrIntroduction
		}
		if _, err := x509.ParseCertificate(i.Authority); err != nil {
			return ErrIntroduction
		}
	default:
		return ErrIntroduction
	}
	return nil
}

// Introduce keeps the introduction of a hospital, in place of an earlier one of the same site.
func Introduce(ctx context.Context, db *store.DB, i *Introduction) error {
	if err := migrate(ctx, db); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `INSERT INTO witness_neighbours (site, introduction) VALUES ($1, $2) ON CONFLICT (site) DO UPDATE SET introduction = excluded.introduction`, i.Site, i.Text())
	if err != nil {
		return fmt.Errorf("keep the introduction of %s: %w", i.Site, err)
	}
	return nil
}

// ErrNoNeighbour says that no hospital of that name was introduced.
var ErrNoNeighbour = errors.New("no hospital of that name was introduced: see wardline witness status")

// Forget ends that a hospital vouches for this one, and this one for it. What it signed stays.
func Forget(ctx context.Context, db *store.DB, site string) error {
	if err := migrate(ctx, db); err != nil {
		return err
	}
	done, err := db.ExecContext(ctx, `DELETE FROM witness_neighbours WHERE site = $1`, site)
	if err != nil {
		return fmt.Errorf("forget %s: %w", site, err)
	}
	if n, err := done.RowsAffected(); err == nil && n == 0 {
		return ErrNoNeighbour
	}
	return nil
}

// Neighbours lists the hospitals that were introduced, by name.
func Neighbours(ctx context.Context, db *store.DB) ([]Introduction, error) {
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT introduction FROM witness_neighbours ORDER BY site`)
	if err != nil {
		return nil, fmt.Errorf("list neighbours: %w", err)
	}
	defer rows.Close()
	var out []Introduction
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("list neighbours: %w", err)
		}
		i, err := ParseIntroduction(text)
		if err != nil {
			return nil, fmt.Errorf("list neighbours: %w", err)
		}
		out = append(out, i)
	}
	return out, rows.Err()
}

// Admit tells why a hospital cannot be a neighbour beside those that are; nil when it can. log is this node's own.
func Admit(log tlog.Key, neighbours []Introduction, i *Introduction) error {
	if i.Log == log {
		return errors.New("this is the introduction of this node itself: exchange it with that of the other hospital")
	}
	all := []Introduction{*i}
	for _, n := range neighbours {
		if n.Site == i.Site {
			continue // it takes its place
		}
		if n.Log.Name == i.Log.Name || n.Witness == i.Witness {
			return fmt.Errorf("%s has the same journal or the same witness: forget it first with wardline witness forget", n.Site)
		}
		all = append(all, n)
	}
	policy := PolicyOf(log, all)
	if _, err := tlog.ParsePolicy(policy.Bytes()); err != nil {
		return fmt.Errorf("the hospital cannot be named %s in a policy of witnesses: have it choose another name (site in its configuration)", i.Site)
	}
	return nil
}

// PolicyOf is whose signatures a proof of a log needs: those of a majority of the neighbours that sign, two of three.
func PolicyOf(log tlog.Key, neighbours []Introduction) tlog.Policy {
	p := tlog.Policy{Logs: []tlog.Log{{Origin: log.Name, Keys: []tlog.Key{log}}}, Quorum: "none"}
	group := tlog.Group{Name: "neighbours"}
	for _, n := range neighbours {
		if n.URL == "" {
			continue
		}
		p.Witnesses = append(p.Witnesses, tlog.Witness{Name: n.Site, Key: n.Witness, URL: n.URL})
		group.Members = append(group.Members, n.Site)
	}
	if group.Need = len(group.Members)/2 + 1; len(group.Members) > 0 {
		p.Groups, p.Quorum = []tlog.Group{group}, group.Name
	}
	return p
}

// Standing is how a neighbour's witness does.
type Standing struct {
	Site   string
	Size   uint64 // of this node's log that it signed last
	Heard  int64  // when it answered last, Unix seconds; 0 for never
	Silent bool
	Their  uint64 // size of its log that this node signed last
	Signed int64  // when
}

// Standings say how the neighbours do, by name.
func Standings(ctx context.Context, db *store.DB, log tlog.Key, neighbours []Introduction) ([]Standing, error) {
	var out []Standing
	for _, n := range neighbours {
		s := Standing{Site: n.Site}
		var size, told, theirs int64
		var heard, signed store.Time
		err := db.QueryRowContext(ctx, `SELECT coalesce(max(size), 0), coalesce(max(heard), 0), coalesce(max(told), 0) FROM witness_peers WHERE origin = $1 AND peer = $2`,
			log.Name, n.Witness.String()).Scan(&size, &heard, &told)
		if err == nil {
			err = db.QueryRowContext(ctx, `SELECT coalesce(max(size), 0), coalesce(max(signed), 0) FROM witness_logs WHERE origin = $1`, n.Log.Name).Scan(&theirs, &signed)
		}
		if err != nil {
			return nil, fmt.Errorf("ask how neighbours do: %w", err)
		}
		s.Size, s.Silent, s.Their = uint64(size), told != 0, uint64(theirs)
		if size > 0 || told != 0 {
			s.Heard = heard.Unix()
		}
		if theirs > 0 {
			s.Signed = signed.Unix()
		}
		out = append(out, s)
	}
	return out, nil
}
