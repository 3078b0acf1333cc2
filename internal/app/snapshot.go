package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/watch"
)

// A snapshot is a zip archive of all texts that a set is made of: the files of rules, those that ship with the binary among
// them, the values of placeholders, and the lists of indicators. What is made of it is what would have been made of the files
// when it was written: each file keeps its name, on which the ids of findings rest.

// contents lists the members of a snapshot in their order. It is a member itself.
type contents struct {
	Format       int    `json:"format"`
	Own          []part `json:"own"` // rules that ship with Wardline
	HasOwn       bool   `json:"own_asked"`
	Rules        []part `json:"rules"`
	Placeholders *part  `json:"placeholders,omitempty"`
	Indicators   []part `json:"indicators"`
}

// part is one file.
type part struct {
	Name    string `json:"name"`              // of the file
	Member  string `json:"member,omitempty"`  // of the archive
	Refused string `json:"refused,omitempty"` // why it could not be read
}

const (
	contentsName   = "contents.json"
	contentsFormat = 1
)

// PackSet writes a snapshot of what c names now. A rule file that cannot be read is noted, and costs no other.
func PackSet(c SetConfig, w io.Writer) error {
	p := &packer{zip: zip.NewWriter(w)}
	all := contents{Format: contentsFormat}
	err := p.rules(c.Places, &all)
	if err == nil && c.Placeholders != "" {
		all.Placeholders, err = p.file(c.Placeholders)
	}
	for _, list := range c.Indicators {
		if err != nil {
			break
		}
		var one *part
		if one, err = p.file(list); err == nil {
			all.Indicators = append(all.Indicators, *one)
		}
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := p.member(contentsName, func(to io.Writer) error { _, err := to.Write(text); return err }); err != nil {
		return err
	}
	return p.zip.Close()
}

// packer writes members of a snapshot, named by numbers.
type packer struct {
	zip *zip.Writer
	n   int
}

func (p *packer) rules(places []string, all *contents) error {
	others := slices.DeleteFunc(slices.Clone(places), func(p string) bool { return p == Builtin })
	files, done, err := ruleset.Files(others)
	if err != nil {
		return err
	}
	defer done()
	if all.Rules, err = p.pack(files); err != nil {
		return err
	}
	all.HasOwn = len(others) < len(places) || len(places) == 0
	if !all.HasOwn {
		return nil
	}
	own, err := ruleset.FilesFS(content.Rules(), builtinPrefix)
	if err != nil {
		return err
	}
	all.Own, err = p.pack(own)
	return err
}

func (p *packer) pack(files []ruleset.File) ([]part, error) {
	var parts []part
	for _, file := range files {
		data, err := ruleset.Read(file)
		if err != nil {
			parts = append(parts, part{Name: file.Name, Refused: err.Error()})
			continue
		}
		name := p.next()
		if err := p.member(name, func(to io.Writer) error { _, err := to.Write(data); return err }); err != nil {
			return nil, err
		}
		parts = append(parts, part{Name: file.Name, Member: name})
	}
	return parts, nil
}

// file copies what may be long.
func (p *packer) file(path string) (*part, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read what events are judged by: %w", err)
	}
	defer in.Close()
	name := p.next()
	err = p.member(name, func(to io.Writer) error { _, err := io.Copy(to, in); return err })
	return &part{Name: path, Member: name}, err
}

func (p *packer) next() string {
	p.n++
	return strconv.Itoa(p.n)
}

func (p *packer) member(name string, write func(io.Writer) error) error {
	to, err := p.zip.Create(name)
	if err == nil {
		err = write(to)
	}
	if err != nil {
		return fmt.Errorf("keep what events are judged by: %w", err)
	}
	return nil
}

// errSnapshot says that an archive is no snapshot of ours.
var errSnapshot = errors.New("what was kept of the rules at work cannot be read")

// UnpackSet makes what events are judged by of a snapshot.
func UnpackSet(r io.ReaderAt, size int64, tax *event.Taxonomy) (*watch.Set, []sigma.Problem, []feed.Problem, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	u := unpacker{archive}
	var all contents
	text, err := u.read(contentsName)
	if err != nil {
		return nil, nil, nil, err
	}
	if json.Unmarshal(text, &all) != nil || all.Format != contentsFormat {
		return nil, nil, nil, errSnapshot
	}
	var o sigma.Options
	if all.Placeholders != nil {
		text, err := u.read(all.Placeholders.Member)
		if err == nil {
			o.Placeholders, err = parsePlaceholders(text, all.Placeholders.Name)
		}
		if err != nil {
			return nil, nil, nil, err
		}
	}
	given, err := u.files(all.Rules)
	if err != nil {
		return nil, nil, nil, err
	}
	rules := ruleset.Parse(given, o)
	if all.HasOwn {
		shipped, err := u.files(all.Own)
		if err != nil {
			return nil, nil, nil, err
		}
		own := ruleset.Parse(shipped, o)
		own.Add(rules)
		rules = own
	}
	loaded := compileRules(&rules, tax)
	if len(all.Indicators) == 0 {
		return watch.NewSet(loaded.engine, loaded.plan, nil), loaded.refused(), nil, nil
	}
	lists := feed.NewLoader(feed.DefaultLimits())
	for _, p := range all.Indicators {
		if err := u.list(lists, p); err != nil {
			return nil, nil, nil, err
		}
	}
	listed, unlisted, err := lists.Set()
	return watch.NewSet(loaded.engine, loaded.plan, listed), loaded.refused(), unlisted, err
}

type unpacker struct{ *zip.Reader }

func (u unpacker) open(member string) (io.ReadCloser, error) {
	f, err := u.Open(member)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	return f, nil
}

func (u unpacker) read(member string) ([]byte, error) {
	f, err := u.open(member)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	return text, nil
}

// files reads all of them at once: a member that is damaged spoils the snapshot, where a file costs only itself.
func (u unpacker) files(parts []part) ([]ruleset.File, error) {
	var files []ruleset.File
	for _, p := range parts {
		open := func() (io.ReadCloser, error) { return nil, errors.New(p.Refused) }
		if p.Refused == "" {
			text, err := u.read(p.Member)
			if err != nil {
				return nil, err
			}
			open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
		}
		files = append(files, ruleset.File{Name: p.Name, Open: open})
	}
	return files, nil
}

func (u unpacker) list(l *feed.Loader, p part) error {
	f, err := u.open(p.Member)
	if err != nil {
		return err
	}
	defer f.Close()
	return l.Read(p.Name, f)
}
