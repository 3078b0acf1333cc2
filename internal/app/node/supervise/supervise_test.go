package supervise_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/app/node/supervise"
)

// wellAfter is how long a part must run to count as well.
const wellAfter = 5 * time.Minute

func TestAPartThatFailsIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := supervise.New(slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var starts []time.Duration
		err := s.Run(ctx, "syslog", func(ctx context.Context) error {
			starts = append(starts, time.Since(began))
			switch len(starts) {
			case 1:
				return errors.New("port taken")
			case 2:
				panic("content of a message")
			case 3:
				if text := s.Troubles()["syslog"].Error(); !strings.Contains(text, "internal error") || strings.Contains(text, "content of a message") {
					t.Errorf("got %q of a panic", text)
				}
				time.Sleep(wellAfter)
				synctest.Wait()
				if len(s.Troubles()) != 0 {
					t.Error("a part that runs well is still in trouble")
				}
				return nil
			default:
				cancel()
				<-ctx.Done()
				return ctx.Err()
			}
		})
		if err != nil {
			t.Error(err)
		}
		want := []time.Duration{0, time.Second, 3 * time.Second, 3*time.Second + wellAfter + time.Second}
		if len(starts) != len(want) {
			t.Fatalf("got starts %v, want %v", starts, want)
		}
		for i := range want {
			if starts[i] != want[i] {
				t.Errorf("start %d after %v, want %v", i, starts[i], want[i])
			}
		}
	})
}
