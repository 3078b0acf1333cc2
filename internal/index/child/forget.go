package child

import (
	"crypto/rand"
	"math"
	"net/http"
	"strconv"

	"github.com/VictoriaMetrics/VictoriaLogs/app/vlstorage"
	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"

	"github.com/wardline/wardline/internal/index"
)

// forget takes an order to delete the rows of some entries. VictoriaLogs writes it down before it answers and carries it out
// in the background, one after the other. Nothing else can be deleted, so that its own routes for that stay closed.
func forget(w http.ResponseWriter, r *http.Request) {
	first, err := strconv.ParseUint(r.FormValue("first"), 10, 64)
	last, err2 := strconv.ParseUint(r.FormValue("last"), 10, 64)
	if err != nil || err2 != nil || first > last {
		http.Error(w, "name the first and the last entry", http.StatusBadRequest)
		return
	}
	filter, err := logstorage.ParseFilter(index.Span{First: first, Last: last}.Filter())
	if err == nil {
		// Each order has a name of its own: one of the same span may be on its way and past what was sent since.
		name := rand.Text()
		// VictoriaLogs spares rows that are younger than the order, and a clock that was wrong has made rows of the future.
		err = vlstorage.DeleteRunTask(r.Context(), name, math.MaxInt64, []logstorage.TenantID{{}}, filter)
	}
	if err != nil {
		http.Error(w, "it could not be ordered", http.StatusInternalServerError)
	}
}
