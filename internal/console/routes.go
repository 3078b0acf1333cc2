package console

import (
	"net/http"

	"github.com/wardline/wardline/internal/access"
)

// route is one thing that can be asked of the console.
type route struct {
	// pattern is that of the page, api that of the same thing for programs; one may be empty.
	pattern, api string
	// verb is what the reader must be let do; empty for the pages before signing in.
	verb access.Verb
	// quiet routes are asked by a page itself, while nobody may sit before it: they do not prolong a session.
	quiet  bool
	handle func(*Console, *request) (answer, error)
	// doc describes api.
	doc doc
}

// table is all that the console serves. There is nothing beside it but its own files.
func table() []route {
	return []route{
		{pattern: "GET /login", handle: (*Console).login},
		{pattern: "POST /login", handle: (*Console).signIn},
		{pattern: "POST /login/passkey", handle: (*Console).signInByKey},
		{pattern: "GET /oidc", handle: (*Console).toProvider},
		{pattern: "GET /oidc/back", handle: (*Console).fromProvider},
		{pattern: "GET /setup/{secret}", handle: (*Console).setup},
		{pattern: "GET /invite/{secret}", handle: (*Console).invited},
		{pattern: "POST /setup", handle: (*Console).begin},
		{pattern: "POST /setup/confirm", handle: (*Console).confirm},
		{pattern: "POST /setup/passkey", handle: (*Console).joinByKey},
		{pattern: "POST /prove", verb: access.SelfWrite, handle: (*Console).proveAgain},
		{pattern: "POST /prove/passkey", verb: access.SelfWrite, handle: (*Console).proveByKey},
		{pattern: "POST /logout", verb: access.SelfWrite, handle: (*Console).signOut},

		{pattern: "GET /card", handle: (*Console).cardList},
		{pattern: "GET /card/{id}", handle: (*Console).card},

		{pattern: "GET /{$}", verb: access.TodayRead, handle: (*Console).today},
		{pattern: "GET /you", verb: access.SelfWrite, handle: (*Console).you},
		{pattern: "POST /you/passkeys", verb: access.SelfWrite, handle: (*Console).addKey},
		{pattern: "POST /you/passkeys/{id}/remove", verb: access.SelfWrite, handle: (*Console).removeKey},
		{pattern: "POST /you/recovery", verb: access.SelfWrite, handle: (*Console).renewRecovery},
		{pattern: "GET /keys", verb: access.TodayRead, handle: (*Console).keys},
		{pattern: "POST /keys", verb: access.TodayRead, handle: (*Console).switchKeys},

		{pattern: "GET /findings", api: "GET /findings", verb: access.FindingRead, handle: (*Console).findings, doc: docFindings()},
		{pattern: "GET /findings/{id}", api: "GET /findings/{id}", verb: access.FindingRead, handle: (*Console).finding, doc: docFinding()},
		{pattern: "POST /findings/{id}/judge", verb: access.FindingJudge, handle: (*Console).judge},
		{pattern: "POST /findings/{id}/undo", verb: access.FindingJudge, handle: (*Console).unjudge},
		{pattern: "POST /findings/{id}/later", verb: access.FindingJudge, handle: (*Console).later},
		{pattern: "POST /findings/{id}/take", verb: access.FindingJudge, handle: (*Console).take},
		{pattern: "GET /findings/{id}/hide", verb: access.FindingSuppress, handle: (*Console).hideForm},
		{pattern: "POST /findings/{id}/hide", verb: access.FindingSuppress, handle: (*Console).hide},
		{pattern: "GET /hidden", verb: access.FindingRead, handle: (*Console).hidden},
		{pattern: "POST /hidden/{id}/lift", verb: access.FindingSuppress, handle: (*Console).lift},
		{pattern: "POST /hidden/proposals/{id}/agree", verb: access.FindingSuppress, handle: (*Console).agree},
		{pattern: "POST /hidden/proposals/{id}/decline", verb: access.FindingSuppress, handle: (*Console).decline},
		{pattern: "GET /news", quiet: true, verb: access.FindingRead, handle: (*Console).news},

		{pattern: "GET /review", api: "GET /cases", verb: access.CaseRead, handle: (*Console).review, doc: docCases()},
		{pattern: "GET /review/{id}", api: "GET /cases/{id}", verb: access.CaseRead, handle: (*Console).oneCase, doc: docCase()},
		{pattern: "POST /review/{id}/decide", verb: access.CaseDecide, handle: (*Console).decide},
		{pattern: "POST /review/{id}/undo", verb: access.CaseDecide, handle: (*Console).undecide},
		{pattern: "POST /review/{id}/reveal", verb: access.CaseReveal, handle: (*Console).reveal},
		{pattern: "POST /review/{id}/conceal", verb: access.CaseReveal, handle: (*Console).conceal},
		{pattern: "GET /review/{id}/breach", verb: access.CaseRead, handle: (*Console).breach},
		{pattern: "POST /review/{id}/breach", verb: access.CaseDecide, handle: (*Console).assess},
		{pattern: "POST /review/proposals/{id}/agree", verb: access.CaseReveal, handle: (*Console).agree},
		{pattern: "POST /review/proposals/{id}/decline", verb: access.CaseReveal, handle: (*Console).decline},
		{pattern: "GET /review/news", quiet: true, verb: access.CaseRead, handle: (*Console).reviewNews},
		{pattern: "GET /review/explained", verb: access.ExplainedRead, handle: (*Console).explained},
		{pattern: "GET /review/missed", verb: access.ExplainedRead, handle: (*Console).missed},
		{pattern: "GET /patients/who-saw", verb: access.RecordTrace, handle: (*Console).whoSawForm},
		{pattern: "POST /patients/who-saw", verb: access.RecordTrace, handle: (*Console).askWhoSaw},
		{pattern: "GET /patients/who-saw/{q}", verb: access.RecordTrace, handle: (*Console).whoSaw},
		{pattern: "POST /patients/who-saw/{q}/reveal", verb: access.CaseReveal, handle: (*Console).whoSawReveal},
		{pattern: "POST /patients/who-saw/{q}/conceal", verb: access.CaseReveal, handle: (*Console).whoSawConceal},
		{pattern: "GET /people-at-work", verb: access.StaffDay, handle: (*Console).workdayForm},
		{pattern: "POST /people-at-work", verb: access.StaffDay, handle: (*Console).askWorkday},
		{pattern: "GET /people-at-work/{id}/{day}", verb: access.StaffDay, handle: (*Console).workday},
		{pattern: "POST /people-at-work/{id}/{day}/reveal", verb: access.CaseReveal, handle: (*Console).workdayReveal},
		{pattern: "POST /people-at-work/{id}/{day}/conceal", verb: access.CaseReveal, handle: (*Console).workdayConceal},

		{pattern: "GET /records", api: "GET /records", verb: access.RecordRead, handle: (*Console).records, doc: docRecords()},
		{pattern: "GET /records/systems", api: "GET /records/systems", verb: access.RecordRead, handle: (*Console).systems, doc: docSystems()},
		{pattern: "GET /records/systems/{system}/{part}", verb: access.RecordRead, handle: (*Console).differing},
		{pattern: "GET /records/{id}", api: "GET /records/{id}", verb: access.RecordRead, handle: (*Console).record, doc: docRecord()},

		{pattern: "GET /flows", api: "GET /flows", verb: access.SourceRead, handle: (*Console).flows, doc: docFlows()},
		{pattern: "GET /flows/incidents", api: "GET /flows/incidents", verb: access.SourceRead, handle: (*Console).incidents, doc: docIncidents()},
		{pattern: "GET /flows/incidents/{id}", api: "GET /flows/incidents/{id}", verb: access.SourceRead, handle: (*Console).incident, doc: docIncident()},
		{pattern: "GET /flows/map", verb: access.SourceRead, handle: (*Console).flowMap},
		{pattern: "POST /flows/map/links/{id}", verb: access.SourceWrite, handle: (*Console).mapLink},
		{pattern: "GET /flows/readiness", verb: access.SourceRead, handle: (*Console).readiness},
		{pattern: "GET /flows/canaries", verb: access.RuleWrite, handle: (*Console).canaries},
		{pattern: "GET /flows/canaries/add", verb: access.RuleWrite, handle: (*Console).addCanary},
		{pattern: "POST /flows/canaries", verb: access.RuleWrite, handle: (*Console).makeCanary},
		{pattern: "GET /flows/canaries/{id}", verb: access.RuleWrite, handle: (*Console).canary},
		{pattern: "POST /flows/canaries/{id}/marks", verb: access.RuleWrite, handle: (*Console).canaryMarks},
		{pattern: "POST /flows/canaries/{id}/allow", verb: access.RuleWrite, handle: (*Console).allowCanary},
		{pattern: "POST /flows/canaries/{id}/remove", verb: access.RuleWrite, handle: (*Console).removeCanary},
		{api: "GET /canaries", verb: access.SourceRead, handle: (*Console).canaryFigures, doc: docCanaries()},
		{pattern: "GET /flows/readiness/{id}", verb: access.SourceRead, handle: (*Console).unit},
		{pattern: "POST /flows/readiness/{id}/printed", verb: access.DowntimeDrill, handle: (*Console).printed},
		{pattern: "POST /flows/readiness/{id}/drill", verb: access.DowntimeDrill, handle: (*Console).startDrill},
		{pattern: "POST /flows/readiness/{id}/drill/step", verb: access.DowntimeDrill, handle: (*Console).drillStep},
		{pattern: "POST /flows/readiness/{id}/drill/end", verb: access.DowntimeDrill, handle: (*Console).endDrill},
		{pattern: "POST /flows/readiness/{id}/recover", verb: access.SourceWrite, handle: (*Console).recoverUnit},
		{pattern: "GET /flows/{id}", verb: access.SourceRead, handle: (*Console).flow},
		{pattern: "POST /flows/{id}/ordinary", verb: access.SourceWrite, handle: (*Console).ordinary},

		{pattern: "GET /search", verb: access.SearchRun, handle: (*Console).searchForm},
		{pattern: "POST /search", api: "POST /search", verb: access.SearchRun, handle: (*Console).ask, doc: docSearch()},
		{pattern: "GET /search/{question}", verb: access.SearchRun, handle: (*Console).answerPage},
		{pattern: "POST /search/{question}/keep", verb: access.SearchRun, handle: (*Console).keep},
		{pattern: "GET /search/kept/{id}", verb: access.SearchRun, handle: (*Console).kept},
		{pattern: "POST /search/kept/{id}/forget", verb: access.SearchRun, handle: (*Console).forget},

		{pattern: "GET /hunt", api: "GET /answers", verb: access.AnswerRead, handle: (*Console).hunt, doc: docAnswers()},
		{pattern: "POST /hunt", verb: access.HuntRun, handle: (*Console).startHunt},
		{pattern: "GET /hunt/{job}", verb: access.HuntRun, handle: (*Console).huntJob},
		{pattern: "GET /hunt/{job}/progress", quiet: true, verb: access.HuntRun, handle: (*Console).huntProgress},
		{pattern: "POST /hunt/{job}/stop", verb: access.HuntRun, handle: (*Console).stopHunt},

		{pattern: "GET /sources", api: "GET /sources", verb: access.SourceRead, handle: (*Console).sources, doc: docSources()},
		{pattern: "GET /sources/add", verb: access.TokenWrite, handle: (*Console).addSource},
		{pattern: "POST /sources/add", verb: access.TokenWrite, handle: (*Console).issueSource},

		{pattern: "GET /rules", api: "GET /rules", verb: access.RuleRead, handle: (*Console).rules, doc: docRules()},
		{pattern: "POST /rules/look", verb: access.RuleWrite, handle: (*Console).lookForChanges},
		{pattern: "GET /rules/changes", verb: access.RuleRead, handle: (*Console).changes},
		{pattern: "POST /rules/changes", verb: access.RuleWrite, handle: (*Console).tryChanges},
		{pattern: "POST /rules/activate", verb: access.RuleWrite, handle: (*Console).activate},
		{pattern: "GET /rules/changes/{job}", verb: access.RuleRead, handle: (*Console).changeJob},
		{pattern: "GET /rules/changes/{job}/progress", quiet: true, verb: access.RuleRead, handle: (*Console).changeProgress},
		{pattern: "POST /rules/changes/{job}/stop", verb: access.RuleWrite, handle: (*Console).stopChange},
		{pattern: "POST /rules/{id}/resume", verb: access.RuleWrite, handle: (*Console).resumeRule},
		{pattern: "GET /rules/{id}", verb: access.RuleRead, handle: (*Console).rule},

		{pattern: "GET /journal", api: "GET /journal/checkpoint", verb: access.JournalVerify, handle: (*Console).journalPage, doc: docCheckpoint()},
		{pattern: "GET /journal/witnesses", api: "GET /journal/witnesses", verb: access.JournalVerify, handle: (*Console).witnesses, doc: docWitnesses()},
		{pattern: "GET /journal/find", verb: access.JournalVerify, handle: (*Console).findEntry},
		{pattern: "POST /journal/verify", verb: access.JournalVerify, handle: (*Console).startVerify},
		{pattern: "GET /journal/verify/progress", quiet: true, verb: access.JournalVerify, handle: (*Console).verifyProgress},
		{pattern: "POST /journal/verify/stop", verb: access.JournalVerify, handle: (*Console).stopVerify},
		{pattern: "GET /journal/{entry}/{line}", api: "GET /journal/proof/{entry}", verb: access.JournalVerify, handle: (*Console).proof, doc: docProof()},
		{pattern: "GET /journal/{entry}/{line}/proof", verb: access.JournalVerify, handle: (*Console).proofFile},

		{pattern: "GET /people", verb: access.PeopleRead, handle: (*Console).people},
		{pattern: "POST /people/invite", verb: access.PeopleWrite, handle: (*Console).invite},
		{pattern: "POST /people/{id}/roles", verb: access.PeopleWrite, handle: (*Console).setRoles},
		{pattern: "POST /people/{id}/reset", verb: access.PeopleWrite, handle: (*Console).resetFactor},
		{pattern: "POST /people/{id}/end", verb: access.PeopleWrite, handle: (*Console).endSessions},
		{pattern: "POST /people/{id}/disable", verb: access.PeopleWrite, handle: (*Console).disable},
		{pattern: "POST /people/proposals/{id}/agree", verb: access.PeopleWrite, handle: (*Console).agree},
		{pattern: "POST /people/proposals/{id}/decline", verb: access.PeopleWrite, handle: (*Console).decline},
		{pattern: "POST /tokens", verb: access.TokenWrite, handle: (*Console).issueReader},
		{pattern: "POST /tokens/{id}/revoke", verb: access.TokenWrite, handle: (*Console).revoke},
		{pattern: "GET /trail", verb: access.TrailReadOwn, handle: (*Console).trail},
	}
}

func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range table() {
		if r.pattern != "" {
			mux.Handle(r.pattern, c.page(r))
		}
		if r.api != "" {
			mux.Handle(apiPattern(r.api), c.program(r))
		}
	}
	mux.HandleFunc("GET /static/{file}", c.file)
	mux.HandleFunc("GET /api/openapi.json", c.openAPI)
	mux.HandleFunc("/", c.nowhere)
	return harden(http.NewCrossOriginProtection().Handler(bound(mux)))
}
