// Package child is the process that searches: VictoriaLogs, run by the same binary.
//
// It is a process of its own because its library panics on a full or damaged disk, and a package of its own
// because linking it registers hundreds of flags and metrics: only the binary imports it.
package child

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/app/vlinsert"
	"github.com/VictoriaMetrics/VictoriaLogs/app/vlinsert/insertutil"
	"github.com/VictoriaMetrics/VictoriaLogs/app/vlselect"
	"github.com/VictoriaMetrics/VictoriaLogs/app/vlstorage"
	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/appmetrics"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/httpserver"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"

	"github.com/wardline/wardline/internal/index"
)

// stopWithin bounds an orderly end. What it does not reach is replayed from the journal.
const stopWithin = 20 * time.Second

// Run is the whole child process. Its one argument is what index.ChildConfig.Argument wrote. It serves until its
// standard input ends, which is when its parent dies or wants it to stop, and then writes to the disk what it
// still holds in memory.
func Run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("the search process is started by wardline itself, with one argument")
	}
	cfg, err := index.ParseChildConfig(args[0])
	if err != nil {
		return err
	}
	limitMemory(cfg.Memory)
	if err := flag.CommandLine.Parse(flags(cfg)); err != nil {
		return fmt.Errorf("set up the search process: %w", err)
	}
	buildinfo.Init()
	logger.InitNoLogFlags()
	ended := parentEnds()
	locked, err := lock(cfg.Dir, ended)
	if err != nil {
		return err
	}
	defer locked.Close()
	vlstorage.Init()
	vlselect.Init()
	var books books
	insertutil.SetLogRowsStorage(&books)
	vlinsert.Init()
	listen := []string{"unix:" + cfg.Socket}
	httpserver.Serve(listen, books.serve, httpserver.ServeOptions{DisableBuiltinRoutes: true})

	rest(ended)
	time.AfterFunc(stopWithin, func() { os.Exit(1) })
	if err := httpserver.Stop(listen); err != nil {
		return fmt.Errorf("stop the search server: %w", err)
	}
	vlinsert.Stop()
	vlselect.Stop()
	vlstorage.Stop()
	return nil
}

// limitMemory makes the garbage collector keep the process small: it mostly waits, and shares its machine.
func limitMemory(cacheBytes int64) {
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(4 * cacheBytes)
}

// rest waits for the end, and meanwhile gives memory back that a burst of rows or a question has taken.
func rest(ended <-chan struct{}) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			debug.FreeOSMemory()
		}
	}
}

// flags sets what VictoriaLogs would decide by itself. Retention is the journal's and the parent's business, so that
// none of its own ways to delete is left on; rows of any time that the parent lets through are taken.
func flags(cfg index.ChildConfig) []string {
	const century = "100y"
	return []string{
		"-storageDataPath=" + filepath.Join(cfg.Dir, "data"),
		"-retentionPeriod=" + century,
		"-futureRetention=" + century,
		"-retention.maxDiskSpaceUsageBytes=0",
		"-retention.maxDiskUsagePercent=0",
		"-snapshotsMaxAge=1d",
		fmt.Sprintf("-memory.allowedBytes=%d", cfg.Memory),
		fmt.Sprintf("-storage.minFreeDiskSpaceBytes=%d", cfg.MinFree),
		"-inmemoryDataFlushInterval=" + cfg.FlushInterval.String(),
		"-insert.maxLineSizeBytes=524288",
		"-defaultMsgValue=",
		"-search.maxQueryDuration=10m", // each question says how long it may take
		"-search.maxQueueDuration=1m",
		"-search.logSlowQueryDuration=0", // it would write the query
		"-http.connTimeout=0",
		"-http.disableResponseCompression",
		"-loggerFormat=json", // and with it no panic prints what it was about
		"-loggerLevel=WARN",
		"-loggerMaxArgLen=64",
		"-loggerWarnsPerSecondLimit=5",
		"-loggerErrorsPerSecondLimit=5",
	}
}

// parentEnds returns a channel that is closed when standard input ends. Signals that stop a whole group of processes
// are the parent's to answer: it stops this one last.
func parentEnds() <-chan struct{} {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
		close(ended)
	}()
	return ended
}

// books counts the rows that reach the storage, so that the parent can tell whether all did that it sent.
type books struct {
	vlstorage.Storage
	taken atomic.Uint64
}

// MustAddRows implements insertutil.LogRowsStorage.
func (b *books) MustAddRows(rows *logstorage.LogRows) {
	b.Storage.MustAddRows(rows)
	b.taken.Add(uint64(rows.RowsCount()))
}

// serve answers what the parent asks. Routes that it never asks for do not exist.
func (b *books) serve(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.URL.Path == "/health":
		w.WriteHeader(http.StatusOK)
		return true
	case r.URL.Path == "/books":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(index.Books{Taken: b.taken.Load(), Dropped: dropped()})
		return true
	case r.URL.Path == "/insert/jsonline":
		return vlinsert.RequestHandler(w, r)
	case strings.HasPrefix(r.URL.Path, "/select/logsql/"):
		return vlselect.RequestHandler(w, r)
	case r.URL.Path == "/forget":
		forget(w, r)
		return true
	case r.URL.Path == "/internal/force_flush":
		return vlstorage.RequestHandler(w, r)
	}
	return false
}

// dropped reads how many rows the storage threw away after it took them, for their times. Only its metrics say so; rows
// that are dropped for another reason never reach it.
func dropped() uint64 {
	var text strings.Builder
	appmetrics.WritePrometheusMetrics(&text)
	var sum uint64
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "vl_rows_dropped_total{") && strings.Contains(line, "_timestamp\"") {
			var n uint64
			if at := strings.LastIndexByte(line, ' '); at > 0 {
				fmt.Sscan(line[at:], &n)
			}
			sum += n
		}
	}
	return sum
}
