package main_test

import (
	"bytes"
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/rfc3161/rfc3161test"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/bundle"
	"github.com/wardline/wardline/internal/integrity/stamp"
	"github.com/wardline/wardline/internal/journal"
)

// hospital is a real journal with two witnesses, and a bundle that was exported from it.
type hospital struct {
	key       string
	policy    tlog.Policy
	bundle    []byte
	unstamped []byte    // the same without a time stamp
	authority []byte    // root of the one that stamped it
	stamped   time.Time // when
	another   []byte    // a stamp of something else
}

func newHospital(t *testing.T) *hospital {
	t.Helper()
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Origin: "journal.st-example.org", Ballast: -1}
	j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	var last journal.Place
	for entry := range 5 {
		var lines []journal.Line
		for n := range 7 {
			text := fmt.Appendf(nil, `{"id":"%d-%d","fields":{"message":"MSH|^~\\&|LAB\rPID|1||%d||DOE^JANE\r"}}`, entry, n, n)
			lines = append(lines, journal.Line{Kind: journal.Events, Source: "lab", JSON: text})
		}
		if last, err = j.Append(t.Context(), lines...); err != nil {
			t.Fatal(err)
		}
	}
	h := &hospital{key: j.PublicKey()}
	key, err := tlog.ParseKey(h.key)
	if err != nil {
		t.Fatal(err)
	}
	h.policy = tlog.Policy{Logs: []tlog.Log{{Origin: key.Name, Keys: []tlog.Key{key}}}, Quorum: "peers", Groups: []tlog.Group{{Name: "peers", Need: 2}}}
	var signers []*tlog.Signer
	for i, name := range []string{"north", "south"} {
		s, err := tlog.NewSigner("witness."+name+".example", tlog.CosignatureV1, bytes.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			t.Fatal(err)
		}
		signers = append(signers, s)
		h.policy.Witnesses = append(h.policy.Witnesses, tlog.Witness{Name: name, Key: s.Key()})
		h.policy.Groups[0].Members = append(h.policy.Groups[0].Members, name)
	}
	authority := rfc3161test.New(t)
	h.authority = authority.Root
	source := bundle.Source{Journal: j, Policy: &h.policy, Software: "wardline test", Now: time.Now, Cosigned: func(ctx context.Context, entry uint64) (tlog.Proof, error) {
		return cosigned(ctx, j, entry, signers)
	}}
	request := bundle.Request{About: "Two laboratory messages.", Exporter: "R. Roe", Reason: "inquiry 621", Act: last,
		Places: []journal.Place{{Entry: 3, Line: 4}, {Entry: 0, Line: 0}, {Entry: 3, Line: 4}}}
	var bare, b bytes.Buffer
	if err := source.Write(t.Context(), &bare, request); err != nil {
		t.Fatal(err)
	}
	if _, err = j.Append(t.Context(), journal.Line{Kind: journal.Events, Source: "lab", JSON: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	p, err := j.Prove(t.Context(), last.Entry+1) // a later checkpoint is stamped than the one that witnesses signed
	if err != nil {
		t.Fatal(err)
	}
	s := h.stamp(t, authority, p.Checkpoint)
	source.CheckStamp = stamp.Check(nil)
	source.Stamped = func(ctx context.Context, entry uint64) (*evidence.Stamp, error) {
		of := s
		of.Proof, err = j.ProveAt(ctx, entry, p.Checkpoint)
		return &of, err
	}
	if err := source.Write(t.Context(), &b, request); err != nil {
		t.Fatal(err)
	}
	h.bundle, h.unstamped = b.Bytes(), bare.Bytes()
	return h
}

// stamp has an authority stamp a checkpoint, and something else.
func (h *hospital) stamp(t *testing.T, a *rfc3161test.Authority, checkpoint []byte) evidence.Stamp {
	t.Helper()
	point, _, err := tlog.ReadCheckpoint(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(digest [32]byte) (asked, answered []byte) {
		asked, err := rfc3161.Request{Digest: digest, Nonce: rfc3161.NewNonce([16]byte{1})}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return asked, a.Answer(asked)
	}
	_, h.another = ask([32]byte{1})
	asked, answered := ask(evidence.Imprint(point))
	token, err := rfc3161.ParseResponse(answered)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := rfc3161.ParseTrust(a.Chain)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := token.Verify(rfc3161.Request{Digest: evidence.Imprint(point)}, trust)
	if err != nil {
		t.Fatal(err)
	}
	h.stamped = token.Time
	return evidence.Stamp{Request: asked, Response: answered, Chain: rfc3161.FormatChain(chain)}
}

// cosigned proves an entry and has witnesses sign the checkpoint.
func cosigned(ctx context.Context, j *journal.Journal, entry uint64, signers []*tlog.Signer) (tlog.Proof, error) {
	p, err := j.Prove(ctx, entry)
	if err != nil {
		return tlog.Proof{}, err
	}
	_, n, err := tlog.ReadCheckpoint(p.Checkpoint)
	if err != nil {
		return tlog.Proof{}, err
	}
	for _, s := range signers {
		signed, err := s.Sign(n.Text, time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC))
		if err != nil {
			return tlog.Proof{}, err
		}
		n.Signatures = append(n.Signatures, signed)
	}
	p.Checkpoint = n.Bytes()
	return p, nil
}

// auditor is somebody else's account, in an empty folder, with the program, the policy and the bundle and nothing more.
type auditor struct {
	t      *testing.T
	dir    string
	bundle string
	policy string
}

func newAuditor(t *testing.T, h *hospital) *auditor {
	t.Helper()
	dir, err := os.MkdirTemp("", "auditor")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a := &auditor{t, dir, filepath.Join(dir, "case.wlp"), filepath.Join(dir, "policy")}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", filepath.Join(dir, "wardline-verify"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a.put(a.policy, h.policy.Bytes())
	a.put(a.bundle, h.bundle)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *auditor) put(path string, data []byte) {
	a.t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		a.t.Fatal(err)
	}
}

// verify runs the program as nobody where the tests may choose, and with an empty environment.
func (a *auditor) verify(args ...string) (code int, said string) {
	a.t.Helper()
	argv := append([]string{filepath.Join(a.dir, "wardline-verify")}, args...)
	if nobody, err := exec.LookPath("setpriv"); err == nil && os.Geteuid() == 0 {
		argv = append([]string{nobody, "--reuid", "65534", "--regid", "65534", "--clear-groups"}, argv...)
	}
	c := exec.CommandContext(a.t.Context(), argv[0], argv[1:]...)
	c.Dir, c.Env = a.dir, []string{}
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		a.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// TestAnAuditor verifies as another user in a folder of its own. Of each part of the bundle one byte is changed.
func TestAnAuditor(t *testing.T) {
	h := newHospital(t)
	a := newAuditor(t, h)
	if code, said := a.verify("--policy", a.policy, a.bundle); code != 0 || !strings.Contains(said, "ALL OF IT HOLDS") || !strings.Contains(said, "south on 2026-11-26 12:00:00 UTC") ||
		strings.Count(said, h.stamped.UTC().Format("on 2006-01-02 15:04:05 UTC, it says; whose it is was not looked at: step 7")) != 2 {
		t.Errorf("%d\n%s", code, said)
	}
	if code, said := a.verify(a.bundle, "--key", h.key); code != 0 || !strings.Contains(said, "not asked") {
		t.Errorf("%d\n%s", code, said)
	}
	// Every byte is tried in format/evidence; here one in every 211, for a process each.
	for i := 0; i < len(h.bundle); i += 211 {
		changed := bytes.Clone(h.bundle)
		changed[i] ^= 1
		a.put(a.bundle, changed)
		if code, said := a.verify("--policy", a.policy, a.bundle); code != 1 || !strings.Contains(said, "IT DOES NOT HOLD") {
			t.Errorf("byte %d: %d\n%s", i, code, said)
		}
	}
}

func TestMisuse(t *testing.T) {
	h := newHospital(t)
	a := newAuditor(t, h)
	for want, calls := range map[int][][]string{
		2: {{}, {a.bundle}, {"--key", h.key}, {"--key", h.key, a.bundle, a.bundle}, {"--other", a.bundle}},
		1: {{"--key", "none", a.bundle}, {"--key", h.key, a.policy}, {"--policy", a.bundle, a.bundle}, {"--key", h.key, "missing"}},
	} {
		for _, args := range calls {
			if code, said := a.verify(args...); code != want || strings.Contains(said, "DOE^") || said == "" {
				t.Errorf("%v: %d\n%s", args, code, said)
			}
		}
	}
}

// TestNothingButTheStandardLibrary reads what the program is made of: the standard library and two of our packages.
func TestNothingButTheStandardLibrary(t *testing.T) {
	const module = "github.com/wardline/wardline/"
	seen := map[string]bool{}
	var visit func(pkg string)
	visit = func(pkg string) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pkg), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(pkg, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range f.Imports {
				name, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				other, ours := strings.CutPrefix(name, module)
				first, _, _ := strings.Cut(name, "/")
				switch {
				case ours && strings.HasPrefix(other, "format/"):
					visit(other)
				case ours || strings.Contains(first, ".") || name == "C" || name == "net" || strings.HasPrefix(name, "net/") || name == "unsafe":
					t.Errorf("%s imports %s", path, name)
				}
			}
		}
	}
	visit("cmd/wardline-verify")
	if len(seen) != 3 {
		t.Errorf("it is made of %d packages of ours, not of itself, format/evidence and format/tlog", len(seen))
	}
}
