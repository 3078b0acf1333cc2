package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/detect/ruletest"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/scan"
)

// ErrRuleTest says that a rule did not find what its test expects. What differs has been
// written already.
var ErrRuleTest = errors.New("some rule tests are not as expected")

// TestRules runs the rule tests (*.test) at and below paths; Builtin, or no path at all, stands
// for those of the rules that ship with Wardline.
func TestRules(paths []string, t Terminal) error {
	tax, err := Taxonomy()
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		paths = []string{Builtin}
	}
	var results []ruletest.Result
	failed := false
	for _, p := range paths {
		suite, err := openSuite(p)
		if err != nil {
			return fmt.Errorf("read rule tests: %w", err)
		}
		for _, file := range suite.scripts {
			result, err := suite.run(file, tax)
			if err != nil {
				return err
			}
			for _, f := range result.Failures {
				failed = true
				fmt.Fprintln(t.Out, report.Clean(f.String()))
			}
			results = append(results, result)
		}
	}
	if len(results) == 0 {
		return errors.New("no rule test found: a test stands beside its rule and ends in .test")
	}
	fmt.Fprintln(t.Out, ruletest.Summary(results))
	if failed {
		return ErrRuleTest
	}
	return nil
}

// suite is the rule tests at one place.
type suite struct {
	scripts []string // as their files are called
	read    func(file string) ([]byte, error)
	load    func(rules []string, o sigma.Options) (ruleset.Set, error)
}

func openSuite(place string) (suite, error) {
	if place == Builtin {
		fsys := content.Rules()
		scripts, err := findScripts(fsys)
		return suite{
			scripts: scripts,
			read:    func(file string) ([]byte, error) { return fs.ReadFile(fsys, file) },
			load: func(rules []string, o sigma.Options) (ruleset.Set, error) {
				return ruleset.LoadFiles(fsys, builtinPrefix, rules, o), nil
			},
		}, err
	}
	onDisk := suite{read: os.ReadFile, load: ruleset.Load}
	info, err := os.Stat(place)
	if err != nil {
		return suite{}, err
	}
	if !info.IsDir() {
		onDisk.scripts = []string{place}
		return onDisk, nil
	}
	below, err := findScripts(os.DirFS(place))
	for _, file := range below {
		onDisk.scripts = append(onDisk.scripts, filepath.Join(place, filepath.FromSlash(file)))
	}
	return onDisk, err
}

func findScripts(fsys fs.FS) ([]string, error) {
	var scripts []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(p, ".test") {
			scripts = append(scripts, p)
		}
		return err
	})
	return scripts, err
}

func (s suite) run(file string, tax *event.Taxonomy) (ruletest.Result, error) {
	text, err := s.read(file)
	if err != nil {
		return ruletest.Result{}, fmt.Errorf("read rule test: %w", err)
	}
	script, err := ruletest.Parse(file, text, tax)
	if err != nil {
		return ruletest.Result{}, err
	}
	return script.Run(func(rules []string, placeholders map[string][]string, events []event.Event) ([]finding.Finding, error) {
		set, err := s.load(rules, sigma.Options{Placeholders: placeholders})
		if err != nil {
			return nil, err
		}
		return askRules(&set, tax, events)
	}), nil
}

// askRules asks the rules of a set about events, as a scan does.
func askRules(set *ruleset.Set, tax *event.Taxonomy, events []event.Event) ([]finding.Finding, error) {
	engine, refused := detect.Compile(set.Rules, tax, detect.Options{})
	plan, unjoined := correlate.NewPlan(set.Correlations, engine.Rules())
	for _, p := range slices.Concat(set.Problems, refused, unjoined) {
		if !p.Warning {
			return nil, errors.New(p.String())
		}
	}
	detector := scan.NewDetector(engine, plan, nil, 0)
	sink := detector.Sink()
	for i := range events {
		if err := sink.Emit(&events[i]); err != nil {
			return nil, err
		}
	}
	return detector.Findings(), nil
}
