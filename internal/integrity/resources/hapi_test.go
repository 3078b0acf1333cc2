package resources_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wardline/wardline/internal/integrity/resources"
)

// hapi is HAPI FHIR's JPA server over PostgreSQL: a real server whose database is written to behind its back.
type hapi struct {
	base, database string
}

// TestHAPI has the stories happen on a HAPI FHIR server. WARDLINE_FHIR_SERVER is its base and WARDLINE_FHIR_DATABASE the URL of its database; bench/fhir says how
// to start one. It writes resources into it, which stay.
func TestHAPI(t *testing.T) {
	h := &hapi{os.Getenv("WARDLINE_FHIR_SERVER"), os.Getenv("WARDLINE_FHIR_DATABASE")}
	if h.base == "" || h.database == "" {
		t.Skip("WARDLINE_FHIR_SERVER and WARDLINE_FHIR_DATABASE name no HAPI FHIR server: see bench/fhir")
	}
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			prefix := "w" + strings.ReplaceAll(uuid.NewString(), "-", "")[:16]
			tell(t, &hospital{t, h, prefix, "page: 100"}, s, s.want)
		})
	}
}

// TestHAPIReadsSynthea writes an invented population to the server, reads it back, and finds the one value that was changed in the database.
func TestHAPIReadsSynthea(t *testing.T) {
	h := &hapi{os.Getenv("WARDLINE_FHIR_SERVER"), os.Getenv("WARDLINE_FHIR_DATABASE")}
	if h.base == "" || h.database == "" {
		t.Skip("WARDLINE_FHIR_SERVER and WARDLINE_FHIR_DATABASE name no HAPI FHIR server: see bench/fhir")
	}
	all := synthea(t)["Observation"]
	ids := slices.Sorted(maps.Keys(all))
	for part := range slices.Chunk(ids, 100) {
		var entries []map[string]any
		for _, id := range part {
			// References to what lies in the same bundle become those to what lies on the server.
			all[id] = json.RawMessage(strings.NewReplacer(`"subject":{"reference":"urn:uuid:`, `"subject":{"reference":"Patient/`,
				`"encounter":{"reference":"urn:uuid:`, `"encounter":{"reference":"Encounter/`).Replace(compact(t, all[id])))
			entries = append(entries, map[string]any{"resource": all[id], "request": map[string]string{"method": "PUT", "url": "Observation/" + id}})
		}
		body, err := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "batch", "entry": entries})
		if err != nil {
			t.Fatal(err)
		}
		h.send(t, http.MethodPost, "", string(body))
	}
	d, err := resources.Parse([]byte("system: R\nbase: " + h.base + "\nrate: 9999\npage: 500\ntypes: [{type: Observation}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := resources.Connect(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	k := keeper(t)
	began := time.Now()
	r := sweep(t, k, src).reports["Observation"]
	t.Logf("%d resources in %d versions and %d requests: %.0f a second", r.Known, r.Versions, r.Requests, float64(r.Known)/time.Since(began).Seconds())
	changed := ids[slices.IndexFunc(ids, func(id string) bool { return strings.Contains(string(all[id]), `"valueQuantity"`) })]
	const version = 1
	c := &caught{}
	if _, err := k.Look(t.Context(), src, "Observation", []string{changed}, c.emit); err != nil {
		t.Fatal(err)
	}
	one(t, c, "Observation/"+changed+": same, match")
	h.rewrite(t, "Observation", changed, version, `"valueQuantity":{`, `"valueQuantity":{"comparator":"<",`)
	began = time.Now()
	c = sweep(t, k, src)
	t.Logf("again, with one changed: %d requests, %.0f a second", c.reports["Observation"].Requests, float64(r.Known)/time.Since(began).Seconds())
	if len(c.changes) != 1 || c.changes[0].ID != changed || c.changes[0].Outcome != resources.Mismatch {
		t.Errorf("%v", c.lines(""))
	}
	h.rewrite(t, "Observation", changed, version, `"comparator":"<",`, "") // for the next time
}

func compact(t testing.TB, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (h *hapi) address() string { return h.base }

func (h *hapi) put(t testing.TB, typ, id, body string) {
	t.Helper()
	h.send(t, http.MethodPut, typ+"/"+id, body)
}

func (h *hapi) del(t testing.TB, typ, id string) {
	t.Helper()
	h.send(t, http.MethodDelete, typ+"/"+id, "")
}

func (h *hapi) send(t testing.TB, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.base+"/"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		t.Fatalf("%s: %d %s %v", method, resp.StatusCode, said, err)
	}
}

// do runs a statement in its database in which RES stands for the number of the resource. It must change something.
func (h *hapi) do(t testing.TB, typ, id string, statements ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, h.database)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	var res int64
	if err := c.QueryRow(ctx, `SELECT res_id FROM hfj_resource WHERE res_type = $1 AND fhir_id = $2`, typ, id).Scan(&res); err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		tag, err := c.Exec(ctx, strings.ReplaceAll(s, "RES", itoa(res)))
		if err != nil {
			t.Fatal(err)
		}
		if tag.RowsAffected() == 0 && strings.Contains(s, "UPDATE") {
			t.Fatal("nothing was changed: ", s)
		}
	}
}

func (h *hapi) rewrite(t testing.TB, typ, id string, version int, from, to string) {
	t.Helper()
	h.do(t, typ, id, `UPDATE hfj_res_ver SET res_text_vc = replace(res_text_vc, '`+from+`', '`+to+`') WHERE res_id = RES AND res_ver = `+itoa(int64(version))+` AND res_text_vc LIKE '%`+from+`%'`)
}

func (h *hapi) forget(t testing.TB, typ, id string, version int) {
	t.Helper()
	h.do(t, typ, id, `SET session_replication_role = replica`, `DELETE FROM hfj_res_ver WHERE res_id = RES AND res_ver = `+itoa(int64(version)))
}

func (h *hapi) restore(t testing.TB, typ, id string, version int) {
	t.Helper()
	v := itoa(int64(version))
	h.do(t, typ, id, `SET session_replication_role = replica`, `DELETE FROM hfj_res_ver WHERE res_id = RES AND res_ver > `+v, `UPDATE hfj_resource SET res_ver = `+v+` WHERE res_id = RES`)
}

func (h *hapi) vanish(t testing.TB, typ, id string) {
	t.Helper()
	h.do(t, typ, id, `SET session_replication_role = replica`, `DELETE FROM hfj_res_ver WHERE res_id = RES`, `DELETE FROM hfj_resource WHERE res_id = RES`,
		`DELETE FROM hfj_spidx_token WHERE res_id = RES`, `DELETE FROM hfj_res_link WHERE src_resource_id = RES`)
}

func (h *hapi) date(t testing.TB, typ, id string, version int, at time.Time) {
	t.Helper()
	when := at.UTC().Format("2006-01-02 15:04:05.000")
	v := itoa(int64(version))
	h.do(t, typ, id, `UPDATE hfj_res_ver SET res_updated = '`+when+`' WHERE res_id = RES AND res_ver = `+v,
		`UPDATE hfj_resource SET res_updated = '`+when+`' WHERE res_id = RES AND res_ver = `+v)
}
