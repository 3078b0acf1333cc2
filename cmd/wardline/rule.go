package main

import (
	"errors"

	"github.com/wardline/wardline/internal/app"
)

// ruleCmd is `wardline rule`.
type ruleCmd struct {
	List ruleListCmd `cmd:"" help:"List the rules that can be run, the worst first."`
	Show ruleShowCmd `cmd:"" help:"Show all that one rule says."`
	Lint ruleLintCmd `cmd:"" help:"Say what is wrong with rules, and what makes them slow."`
	Test ruleTestCmd `cmd:"" help:"Run the tests that stand beside rules."`

	Activate ruleActivateCmd `cmd:"" help:"Say what the rules that are configured would change, and have them go live."`
	Resume   ruleResumeCmd   `cmd:"" help:"Have a rule asked again that took too much time."`
}

// ruleListCmd is `wardline rule list`.
type ruleListCmd struct {
	Rules        []string `arg:"" optional:"" help:"A file, a folder, a zip archive, or 'builtin' (the default)."`
	Placeholders string   `placeholder:"FILE" help:"YAML map that binds the %names% of rules to this site's values."`
	Format       string   `short:"f" enum:"table,jsonl" default:"table" help:"How to write the list: ${enum}."`
}

// Run lists rules.
func (c *ruleListCmd) Run(s streams) error {
	return app.ListRules(app.RuleConfig{Rules: c.Rules, Placeholders: c.Placeholders, JSON: c.Format == "jsonl"}, s.terminal())
}

// ruleShowCmd is `wardline rule show`.
type ruleShowCmd struct {
	Name         string   `arg:"" help:"Title, id, machine name or file of the rule."`
	Rules        []string `short:"r" placeholder:"PLACE" help:"Where to look: a file, a folder, a zip archive, or 'builtin' (the default)."`
	Placeholders string   `placeholder:"FILE" help:"YAML map that binds the %names% of rules to this site's values."`
}

// Run shows a rule.
func (c *ruleShowCmd) Run(s streams) error {
	return app.ShowRule(c.Name, app.RuleConfig{Rules: c.Rules, Placeholders: c.Placeholders}, s.terminal())
}

// ruleLintCmd is `wardline rule lint`.
type ruleLintCmd struct {
	Rules        []string `arg:"" optional:"" help:"A file, a folder, a zip archive, or 'builtin' (the default)."`
	Placeholders string   `placeholder:"FILE" help:"YAML map that binds the %names% of rules to this site's values."`
}

// Run checks rules.
func (c *ruleLintCmd) Run(s streams) error {
	return app.LintRules(app.RuleConfig{Rules: c.Rules, Placeholders: c.Placeholders}, s.terminal())
}

// ruleTestCmd is `wardline rule test`.
type ruleTestCmd struct {
	Paths []string `arg:"" optional:"" help:"Test scripts (*.test), folders of them, or 'builtin' (the default)."`
}

// Run runs rule tests.
func (c *ruleTestCmd) Run(s streams) error { return app.TestRules(c.Paths, s.terminal()) }

// told tells the errors whose reasons a command has written already.
func told(err error) bool { return errors.Is(err, app.ErrRefused) || errors.Is(err, app.ErrRuleTest) }
