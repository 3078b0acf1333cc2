package stage_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/stage"
)

var monday = time.Date(2030, 6, 3, 9, 0, 0, 0, time.UTC)

func trace(day float64, tactic string, technique string, entities ...string) stage.Trace {
	at := monday.Add(time.Duration(day * 24 * float64(time.Hour)))
	return stage.Trace{ID: fmt.Sprintf("%s %s %v %v", tactic, technique, day, entities), At: at, Title: tactic, Tags: []string{"attack." + tactic, "attack." + technique}, Entities: entities}
}

// A letter on Monday, other credentials on the same machine at night, a look around by that account on Thursday: told then, and again at the damage.
func TestALongAttackIsToldByItsThirdStage(t *testing.T) {
	b := stage.New()
	steps := []struct {
		trace stage.Trace
		told  bool
	}{
		{trace(0, "execution", "t1059.001", "host WS-17", "user fd.clerk"), false},
		{trace(0.1, "execution", "t1059.001", "host WS-17", "user fd.clerk"), false}, // the same stage again
		{trace(0.5, "credential-access", "t1558.003", "host WS-17", "user svc_deploy"), false},
		{trace(3, "discovery", "t1046", "user svc_deploy", "ip 10.20.1.9"), true},
		{trace(3.1, "discovery", "t1018", "user svc_deploy"), false},
		{trace(6, "impact", "t1490", "host SRV-FILE-01", "user svc_deploy"), true},
	}
	for i, s := range steps {
		c, told := b.Take(s.trace)
		if told != s.told {
			t.Errorf("step %d: told %v with stages %v", i, told, c.Stages)
		}
	}
}

func TestOneDeadlyDeedIsEnough(t *testing.T) {
	c, told := stage.New().Take(trace(0, "credential-access", "t1003.003", "host DC-01", "user svc_deploy"))
	if !told || c.Deadly == "" {
		t.Errorf("%v %+v", told, c)
	}
}

func TestDefencesOffOnManyMachines(t *testing.T) {
	b := stage.New()
	for n := range 5 {
		tr := trace(float64(n)/1000, "defense-evasion", "t1562.001", fmt.Sprintf("host SRV-%d", n), "user svc_deploy")
		if _, told := b.Take(tr); told != (n == 4) {
			t.Errorf("machine %d: told %v", n+1, told)
		}
	}
}

// What happens on machines that share nothing is no campaign, and what shares only the account that every machine has neither.
func TestStrangersAreNoCampaign(t *testing.T) {
	b := stage.New()
	for n, tactic := range []string{"execution", "discovery", "lateral-movement", "persistence", "exfiltration"} {
		if c, told := b.Take(trace(float64(n), tactic, "t1000", fmt.Sprintf("host WS-%d", n), "user SYSTEM")); told {
			t.Errorf("told: %v", c.Stages)
		}
	}
}

// An account that works on very many machines ties nothing together.
func TestAScannerTiesNothing(t *testing.T) {
	b := stage.New()
	for n := range 30 {
		b.Take(trace(float64(n)/100, "discovery", "t1046", fmt.Sprintf("host SRV-%d", n), "user scanner"))
	}
	b.Take(trace(1, "execution", "t1059", "host SRV-3", "user jo"))
	if c, told := b.Take(trace(2, "persistence", "t1547", "host SRV-29", "user mo")); told || len(c.Stages) > 2 {
		t.Errorf("told %v: %v", told, c.Stages)
	}
}

func TestAfterTwoWeeksItIsForgotten(t *testing.T) {
	b := stage.New()
	b.Take(trace(0, "execution", "t1059", "host A"))
	b.Take(trace(1, "discovery", "t1046", "host A"))
	c, told := b.Take(trace(15, "lateral-movement", "t1021", "host A"))
	if told || !slices.Equal(c.Stages, []stage.Stage{stage.Discovery, stage.Movement}) && !slices.Equal(c.Stages, []stage.Stage{stage.Movement}) {
		t.Errorf("told %v: %v", told, c.Stages)
	}
}

func TestARestartForgetsNothing(t *testing.T) {
	b := stage.New()
	b.Take(trace(0, "execution", "t1059", "host A"))
	b.Take(trace(1, "discovery", "t1046", "host A"))
	again, err := stage.Decode(b.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if _, told := again.Take(trace(2, "lateral-movement", "t1021", "host A")); !told {
		t.Error("the third stage was not told")
	}
	again, err = stage.Decode(again.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if _, told := again.Take(trace(2.1, "lateral-movement", "t1021", "host A")); told {
		t.Error("told twice")
	}
}

func FuzzDecode(f *testing.F) {
	b := stage.New()
	b.Take(trace(0, "execution", "t1059", "host A"))
	f.Add(b.Encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := stage.Decode(text)
		if err != nil {
			return
		}
		b.Take(trace(1, "impact", "t1490", "host A"))
	})
}
