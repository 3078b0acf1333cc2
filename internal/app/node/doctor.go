package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sys/unix"

	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/journal"
)

// Complaint is one thing that is wrong, or that soon will be, and what to do about it.
type Complaint struct {
	What string
	Do   string
}

// Checkup is what the doctor saw.
type Checkup struct {
	Healthy    []string // what was looked at and is well
	Complaints []Complaint
}

// Doctor looks at the data of a node and at the node that runs on them, and changes nothing.
func Doctor(ctx context.Context, c *Config) Checkup {
	d := &doctor{c: c}
	d.data()
	d.keys()
	d.disk()
	d.certificates()
	d.timestamps()
	configured := d.rules()
	d.node(ctx, configured)
	return d.Checkup
}

type doctor struct {
	Checkup
	c *Config
}

func (d *doctor) well(format string, args ...any) {
	d.Healthy = append(d.Healthy, fmt.Sprintf(format, args...))
}

func (d *doctor) wrong(what, do string) { d.Complaints = append(d.Complaints, Complaint{what, do}) }

func (d *doctor) data() {
	info, err := os.Stat(d.c.Data)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.wrong("There is no data folder yet: "+d.c.Data+".", "Start the node with wardline up; it makes the folder.")
	case err != nil:
		d.wrong("The data folder cannot be looked at: "+err.Error()+".", "Run this as the user that the node runs as.")
	case info.Mode().Perm()&0o077 != 0:
		d.wrong("Others may look into "+d.c.Data+".", "Take that right away: chmod 700 "+d.c.Data)
	default:
		d.well("the data folder %s is closed to others", d.c.Data)
	}
}

// keys looks at the files that nobody else may read, and that must not be lost.
func (d *doctor) keys() {
	where, before := d.c.JournalConfig(), len(d.Complaints)
	for _, file := range []string{where.KeyFile, where.SignFile, d.c.VaultKey(), d.c.witnessKey(), filepath.Join(d.c.authority(), "ca.key")} {
		info, err := os.Stat(file)
		switch {
		case errors.Is(err, os.ErrNotExist):
			if _, err := os.Stat(where.Dir); err == nil {
				d.wrong("The key "+file+" is missing.", "Put the copy back that was made of it. Without the journal's key nobody can read the journal, and without the vault's nobody what people noted.")
			}
		case err != nil:
			d.wrong("A key cannot be looked at: "+err.Error()+".", "Run this as the user that the node runs as.")
		case info.Mode().Perm()&0o077 != 0:
			d.wrong("Others may read the key "+file+".", "Take that right away: chmod 600 "+file)
		default:
			d.well("the key %s is closed to others; keep a copy elsewhere, made after %s", filepath.Base(file), info.ModTime().Format("2006-01-02 15:04"))
		}
	}
	if ids, err := journal.KeyIDs(where.KeyFile); err == nil {
		d.well("the journal encrypts with key %d, the newest of %d", ids[len(ids)-1], len(ids))
	} else if _, missing := os.Stat(where.KeyFile); missing == nil && len(d.Complaints) == before {
		d.wrong(err.Error()+".", "Put the copy back that was made of it.")
	}
}

func (d *doctor) disk() {
	var s unix.Statfs_t
	if err := unix.Statfs(d.c.Data, &s); err != nil || s.Blocks == 0 {
		return // there is no folder yet, which was said
	}
	free := float64(s.Bavail) / float64(s.Blocks) * 100
	const little = 15
	if free < little {
		d.wrong(fmt.Sprintf("The disk of %s has %.0f %% left. Below 5 %% nothing is received.", d.c.Data, free), "Free some space, or move the data to a larger disk.")
		return
	}
	d.well("the disk has %.0f %% left", free)
}

// certificates looks at those that the sources show: a listener goes on with an old one when it cannot read the new.
func (d *doctor) certificates() {
	sources, err := d.c.listed()
	if err != nil {
		d.wrong("The sources cannot be listed: "+err.Error()+".", "See wardline config check.")
		return
	}
	for i := range sources {
		for _, t := range certificatesIn(&sources[i].own) {
			d.certificate(sources[i].Name, t)
		}
	}
}

func (d *doctor) certificate(source string, t collect.TLS) {
	_, err := os.Stat(t.Certificate)
	if errors.Is(err, os.ErrNotExist) && filepath.Dir(t.Certificate) == d.c.authority() {
		return // the node makes it when it starts
	}
	conf, err := t.Read()
	if err != nil {
		d.wrong("The certificate of the source "+source+" cannot be read: "+err.Error()+".", "Put the files right; they are read again within a minute, over HTTP when the node starts.")
		return
	}
	const soon = 14 * 24 * time.Hour
	if left := time.Until(conf.Certificates[0].Leaf.NotAfter); left < soon {
		d.wrong(fmt.Sprintf("The certificate of the source %s ends on %s.", source, conf.Certificates[0].Leaf.NotAfter.Format(time.DateOnly)), "Put a new one in its place: "+t.Certificate)
		return
	}
	d.well("the certificate of the source %s is good", source)
}

// certificatesIn finds the files of certificates in the configuration of a source, whatever its kind.
func certificatesIn(node *yaml.Node) (found []collect.TLS) {
	var t collect.TLS
	if node.Kind == yaml.MappingNode && node.Decode(&t) == nil && t.Certificate != "" && t.Key != "" {
		found = append(found, t)
	}
	for _, child := range node.Content {
		found = append(found, certificatesIn(child)...)
	}
	return found
}

// rules looks at what is configured, and returns its version; "" when it cannot be read.
func (d *doctor) rules() (version string) {
	tax, err := app.Taxonomy()
	if err != nil {
		d.wrong(err.Error(), "Install Wardline anew: this binary is damaged.")
		return ""
	}
	set, refused, unlisted, err := app.LoadSet(d.c.Rules.SetConfig, tax)
	if err != nil {
		d.wrong("Rules cannot be loaded: "+err.Error()+".", "Mend rules.places, rules.placeholders or rules.indicators in the configuration.")
		return ""
	}
	d.well("rules and indicators load: %d and %d", len(set.Rules()), set.Indicators())
	if len(refused) > 0 {
		first := refused[0]
		d.wrong(fmt.Sprintf("Rules are refused: %d; the first is %s:%d: %s.", len(refused), first.File, first.Line, first.Reason),
			"wardline rule lint PLACE lists all of them with reasons. Values for %placeholders% go into rules.placeholders.")
	}
	if len(unlisted) > 0 {
		d.wrong(fmt.Sprintf("Indicators are refused: %d; the first is in %s.", len(unlisted), unlisted[0].File), "Mend the list, or ask whoever publishes it.")
	}
	return set.Version()
}

// node looks at the node that runs; without one, at whether it could.
func (d *doctor) node(ctx context.Context, configured string) {
	var s Status
	err := Control(ctx, d.c, "/status", nil, &s)
	if errors.Is(err, ErrDown) {
		d.wrong("No node runs on these data.", "Start it: wardline up, or systemctl start wardline.")
		d.port("the console", d.c.Console.Listen)
		return
	}
	if err != nil {
		d.wrong("The node does not answer as it should: "+err.Error()+".", "See its log: journalctl -u wardline.")
		return
	}
	d.well("the node runs since %s, and the entries of its journal are %d", time.Duration(s.Uptime*float64(time.Second)).Round(time.Second), s.Entries)
	for part, trouble := range s.Troubles {
		first, _, _ := strings.Cut(trouble, "\n")
		d.wrong("The part "+part+" does not work: "+first+".", "It is tried again by itself. If it stays so, see the log: journalctl -u wardline.")
	}
	switch {
	case s.WithoutEnd < 0:
		d.wrong("The trail of what people did cannot be read.", "See the log: journalctl -u wardline.")
	case s.WithoutEnd > 0:
		d.wrong(fmt.Sprintf("Acts of the last seven days of which nothing says how they ended: %d.", s.WithoutEnd),
			"The node stopped in the middle of them. See in the console's trail what they were, and whether they were done.")
	}
	d.judging(&s, configured)
	d.behind("Watching", s.Entries, s.Judged)
	d.behind("Search", s.Entries, s.Indexed)
	d.house(&s)
	if s.Map != "" {
		d.wrong("The house's map was changed and is not taken: "+s.Map+". The one from before is in force.", "Mend it: it is read again within a minute, and wardline map check tries it. Until then the node would not start again.")
	}
	d.stamped(&s)
	heard := 0
	for _, b := range s.Senders {
		if b.State == collect.Live {
			heard++
			continue
		}
		if b.State == collect.Never && !slices.Contains(d.c.Intake.Expect, b.Sender) {
			continue // a door that nobody uses
		}
		d.wrong("Nothing comes from "+b.Sender+".", "See whether it runs and reaches this machine; the console's page Sources says since when.")
	}
	d.well("senders that are heard: %d", heard)
}

// house looks at what accesses to records are explained by.
func (d *doctor) house(s *Status) {
	if s.House == nil {
		return
	}
	d.behind("The access review", s.Entries, s.House.Follower.Next)
	o := &s.House.Overview
	const few = 10 // accounts: a house that has only begun to tell of itself
	switch {
	case o.Accounts < few:
	case o.Staff == 0:
		d.wrong("Nobody told this node who works here, so little can be explained.", "Lay the staff file and the roster into the drop folder: docs/adding/mapping.md says how they look; wardline hospital check FILE tries them.")
	case o.Linked*100 < o.Accounts*98:
		d.wrong(fmt.Sprintf("Accounts in use that belong to nobody in the staff file: %d of %d.", o.Accounts-o.Linked, o.Accounts), "Add their logins to the staff file: what they do cannot be explained.")
	}
	d.well("the access review knows %d patients and %d who work here", o.Patients, o.Staff)
}

// judging looks at what events are judged by.
func (d *doctor) judging(s *Status, configured string) {
	switch {
	case s.Going != "":
		d.well("new rules are about to go live: the past is searched for what is new in them")
	case configured != "" && configured != s.Rules:
		d.wrong("The rules that are configured are not those at work.", "See what would change, and have them go live: wardline rule activate. A restart does it without asking.")
	}
	if s.Trouble != "" {
		d.wrong("Something is wrong with the rules: "+s.Trouble, "The console's page Rules shows what is at work.")
	}
	if s.Damaged > 0 {
		d.wrong(fmt.Sprintf("Damaged entries of the journal, which could not be watched or queued: %d.", s.Damaged), "Find them: wardline journal verify. Put their segments back from a backup.")
	}
	if s.Unread > 0 {
		d.wrong(fmt.Sprintf("Lines of the journal that could not be read: %d.", s.Unread), "See the log, and report it: a line that was sealed should be readable.")
	}
}

func (d *doctor) behind(what string, entries, done uint64) {
	const much = 1000
	if done+much < entries {
		d.wrong(fmt.Sprintf("%s is behind the journal, in entries: %d.", what, entries-done), "It catches up by itself. If it does not, the machine is too slow for what it receives.")
	}
}

func (d *doctor) port(what, address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		d.wrong("The address of "+what+" is taken or not allowed: "+err.Error()+".", "Stop what listens there, or choose another one in the configuration.")
		return
	}
	l.Close()
}
