package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// MaxPolicy is how many bytes a policy may have.
	MaxPolicy = 64 << 10
	// maxNames is how many logs, how many witnesses and how many groups a policy may have; the specification recommends to bear 32.
	maxNames = 64

	none = "none" // the quorum of those who ask for no witness
)

// ErrPolicy says that a text is no policy.
var ErrPolicy = errors.New("not a policy")

// Policy says which logs are believed, which witnesses are known, and which of these must have signed a checkpoint before it
// counts. It is the text of https://c2sp.org/tlog-policy, one line for each key:
//
//	log journal.st-example.org+<id>+<key>
//	witness north witness.north.example+<id>+<key> https://witness.north.example/
//	witness south witness.south.example+<id>+<key>
//	witness state witness.state.example+<id>+<key>
//	group peers 2 north south state
//	quorum peers
type Policy struct {
	Logs      []Log // each with one key, whose name is the origin
	Witnesses []Witness
	Groups    []Group
	Quorum    string // a witness, a group, or "none"
}

// Witness is a house that signs checkpoints of others.
type Witness struct {
	Name string // within the policy
	Key  Key
	URL  string // what add-checkpoint is asked below of; empty when that is not known
}

// Group is signed for when Need of its members are, which are witnesses and groups defined before it.
type Group struct {
	Name    string
	Need    int
	Members []string
}

// ParsePolicy reads a policy, strictly: what it does not know is an error, as is a key that stands there twice, or a member
// that could count twice.
func ParsePolicy(text []byte) (Policy, error) {
	if len(text) > MaxPolicy {
		return Policy{}, fmt.Errorf("%w: %d bytes, at most %d are read", ErrPolicy, len(text), MaxPolicy)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return Policy{}, fmt.Errorf("%w: the last line does not end", ErrPolicy)
	}
	var p Policy
	member := map[string]bool{} // names that are defined, and whether a group has them
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = line[:len(line)-1]
		if i := slices.IndexFunc(line, func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }); i >= 0 {
			return Policy{}, fmt.Errorf("%w: line %d: byte %d is a control character", ErrPolicy, n, i)
		}
		words := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := p.read(words, member); err != nil {
			return Policy{}, fmt.Errorf("%w: line %d: %w", ErrPolicy, n, err)
		}
	}
	if p.Quorum == "" {
		return Policy{}, fmt.Errorf("%w: it has no quorum: write \"quorum none\" if no witness is to be asked for", ErrPolicy)
	}
	return p, nil
}

func (p *Policy) read(words []string, member map[string]bool) error {
	switch {
	case words[0] == "log" && (len(words) == 2 || len(words) == 3):
		return p.readLog(words[1:])
	case words[0] == "witness" && (len(words) == 3 || len(words) == 4):
		return p.readWitness(words[1:], member)
	case words[0] == "group" && len(words) >= 4:
		return p.readGroup(words[1:], member)
	case words[0] == "quorum" && len(words) == 2:
		if _, defined := member[words[1]]; p.Quorum != "" || !defined && words[1] != none {
			return errors.New("the quorum is said twice, or is of what no line before it defines")
		}
		p.Quorum = words[1]
		return nil
	}
	return errors.New("not a log, a witness, a group or a quorum")
}

func (p *Policy) readLog(words []string) error {
	k, err := ParseKey(words[0])
	if err != nil {
		return err
	}
	if k.Algorithm == CosignatureV1 {
		return errors.New("the key of the log is one of a witness")
	}
	if len(p.Logs) == maxNames || slices.ContainsFunc(p.Logs, func(l Log) bool { return l.Keys[0].public == k.public }) {
		return errors.New("the log's key stands there twice, or there are too many logs")
	}
	p.Logs = append(p.Logs, Log{Origin: k.Name, Keys: []Key{k}, URL: optional(words[1:])})
	return nil
}

func (p *Policy) readWitness(words []string, member map[string]bool) error {
	k, err := ParseKey(words[1])
	if err != nil {
		return err
	}
	if k.Algorithm != CosignatureV1 {
		return errors.New("the key of the witness is not one for cosignatures")
	}
	if len(p.Witnesses) == maxNames || slices.ContainsFunc(p.Witnesses, func(w Witness) bool { return w.Key.public == k.public }) {
		return errors.New("the witness's key stands there twice, or there are too many witnesses")
	}
	if err := define(words[0], member); err != nil {
		return err
	}
	p.Witnesses = append(p.Witnesses, Witness{words[0], k, optional(words[2:])})
	return nil
}

func (p *Policy) readGroup(words []string, member map[string]bool) error {
	g := Group{Name: words[0], Members: words[2:]}
	switch words[1] {
	case "any":
		g.Need = 1
	case "all":
		g.Need = len(g.Members)
	default:
		need, err := strconv.Atoi(words[1])
		if err != nil || strconv.Itoa(need) != words[1] || need < 1 || need > len(g.Members) {
			return fmt.Errorf("of %d members, all, any or a number of them must have signed", len(g.Members))
		}
		g.Need = need
	}
	for _, m := range g.Members {
		if taken, defined := member[m]; !defined || taken {
			return errors.New("a member is not defined before the group, or is counted already")
		}
		member[m] = true
	}
	if len(p.Groups) == maxNames {
		return errors.New("there are too many groups")
	}
	p.Groups = append(p.Groups, g)
	return define(g.Name, member)
}

func define(name string, member map[string]bool) error {
	if _, defined := member[name]; defined || name == none {
		return errors.New("the name is defined before, or is \"none\"")
	}
	member[name] = false
	return nil
}

func optional(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// Bytes returns the policy as text, without what was remarked in it.
func (p Policy) Bytes() []byte {
	var b bytes.Buffer
	line := func(words ...string) { b.WriteString(strings.TrimRight(strings.Join(words, " "), " ") + "\n") }
	for _, l := range p.Logs {
		line("log", l.Keys[0].String(), l.URL)
	}
	for _, w := range p.Witnesses {
		line("witness", w.Name, w.Key.String(), w.URL)
	}
	for _, g := range p.Groups {
		line("group", g.Name, strconv.Itoa(g.Need), strings.Join(g.Members, " "))
	}
	line("quorum", p.Quorum)
	return b.Bytes()
}

// Window is a span of time that cosignatures must be of: not before From and not after To. The zero value of either
// does not bound.
type Window struct{ From, To time.Time }

func (w Window) holds(t time.Time) bool {
	return (w.From.IsZero() || !t.Before(w.From)) && (w.To.IsZero() || !t.After(w.To))
}

// Cosignature says which witness signed, and when.
type Cosignature struct {
	Witness string // its name in the policy
	Time    time.Time
}

// Cosigned is a checkpoint that a policy was satisfied with.
type Cosigned struct {
	Checkpoint
	Cosignatures []Cosignature // within the window, at most one of each witness, in the order of the policy
}

// Verify reads a checkpoint and checks that a log of the policy signed it, and the quorum of witnesses too. A cosignature that
// lies outside of the window does not count. One that is of a known witness and does not hold spoils the checkpoint.
func (p Policy) Verify(text []byte, within Window) (Cosigned, error) {
	c, n, err := ReadCheckpoint(text)
	if err != nil {
		return Cosigned{}, err
	}
	known := Log{Origin: c.Origin}
	for _, l := range p.Logs {
		if l.Origin == c.Origin {
			known.Keys = append(known.Keys, l.Keys...)
		}
	}
	if len(known.Keys) == 0 {
		return Cosigned{}, fmt.Errorf("%w: the checkpoint is of no log that the policy knows", ErrProof)
	}
	if err := known.signed(c, n); err != nil {
		return Cosigned{}, err
	}
	signed := Cosigned{Checkpoint: c}
	if signed.Cosignatures, err = p.cosignatures(n, within); err != nil {
		return Cosigned{}, err
	}
	if !p.met(signed.Cosignatures) {
		return Cosigned{}, fmt.Errorf("%w: %d known witnesses signed the checkpoint in time, and not those that the policy asks for", ErrProof, len(signed.Cosignatures))
	}
	return signed, nil
}

// cosignatures returns the latest within the window of each witness.
func (p Policy) cosignatures(n Note, within Window) ([]Cosignature, error) {
	var found []Cosignature
	for _, w := range p.Witnesses {
		var latest time.Time
		for _, s := range n.Signatures {
			if !w.Key.Made(s) {
				continue
			}
			at, ok := w.Key.Verify(n.Text, s)
			if !ok {
				return nil, fmt.Errorf("%w: a cosignature of %s on the checkpoint does not hold", ErrProof, w.Key.Name)
			}
			if within.holds(at) && at.After(latest) {
				latest = at
			}
		}
		if !latest.IsZero() {
			found = append(found, Cosignature{w.Name, latest})
		}
	}
	return found, nil
}

// met tells whether those who signed are those that the policy asks for.
func (p Policy) met(signatures []Cosignature) bool {
	signed := map[string]bool{none: true}
	for _, s := range signatures {
		signed[s.Witness] = true
	}
	for _, g := range p.Groups { // each stands behind its members
		have := 0
		for _, m := range g.Members {
			if signed[m] {
				have++
			}
		}
		signed[g.Name] = have >= g.Need
	}
	return signed[p.Quorum]
}
