package bench_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkProduct runs the program itself, from its start to the last finding, with all rules
// of SigmaHQ, and tells how much memory it took at most.
func BenchmarkProduct(b *testing.B) {
	rules := filepath.Join(corpora(b, "sigma"), "rules")
	program := filepath.Join(b.TempDir(), "wardline")
	build := exec.Command("go", "build", "-o", program, "./cmd/wardline")
	build.Dir = ".."                                  // its own module
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is built for users: with C it holds some 18 MiB more
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build the program: %v\n%s", err, out)
	}
	for _, c := range []corpus{realEvents(b), procEvents(b)} {
		file := filepath.Join(b.TempDir(), c.name+".jsonl")
		if err := os.WriteFile(file, c.data, 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			var cpu, peak costs
			for b.Loop() {
				seconds, mib := watch(b, exec.Command(program, "scan", "--rules", rules, "--format", "jsonl", file))
				cpu, peak = append(cpu, seconds), append(peak, mib)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(cpu.median(), "s-CPU")
			b.ReportMetric(float64(len(c.lines))/cpu.median(), "events/s-CPU")
			b.ReportMetric(peak.median(), "MiB-peak")
		})
	}
}

// watch runs a program and returns its processor time and the most memory that it held. What the
// kernel says of that when a child has ended includes what its parent held when it was started,
// so the child is asked while it runs.
func watch(b *testing.B, cmd *exec.Cmd) (seconds, mib float64) {
	cmd.Stdout = io.Discard
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			if err != nil {
				b.Fatal(err)
			}
			return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), mib
		case <-time.After(5 * time.Millisecond):
			mib = max(mib, peakMiB(cmd.Process.Pid))
		}
	}
}

// peakMiB is the most memory that a process has held so far.
func peakMiB(pid int) (mib float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	if _, err := fmt.Sscan(line, &kib); err != nil {
		return 0
	}
	return kib / (1 << 10)
}
