package integrity

import (
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/kept"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/row"
)

// rule is what is thought of a kind of doubt.
type rule struct {
	finding.Rule
	kind finding.Kind
}

const engineConfigured = "An interface engine that was configured anew: a translation of a clinical field has to be typed in under integrity.routes, maps."

// rules are the kinds of doubts.
var rules = map[string]rule{
	string(route.Altered): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A value was changed on its way", Level: "critical",
		Summary: "What arrived says something else than what was sent: a value, a unit, a code, a dose or the patient. Both messages are sealed, and the records page shows them side by side. " +
			"Call the sender and ask what it measured, before anybody acts on the value.",
		CareImpact:     "A clinician may treat by a value that nobody measured.",
		FalsePositives: []string{engineConfigured},
	}},
	string(route.Inserted): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A message says more behind the engine than in front of it", Level: "high",
		Summary:        "A result, an order or an allergy was added to a message on its way. Nothing in front of the engine said it.",
		CareImpact:     "A clinician may act on something that no source said.",
		FalsePositives: []string{engineConfigured},
	}},
	string(route.Removed): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A message says less behind the engine than in front of it", Level: "high",
		Summary:        "A message came through without one of its results, orders or allergies.",
		CareImpact:     "A result or an allergy may be missing where it is needed.",
		FalsePositives: []string{engineConfigured},
	}},
	string(route.Unheard): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A message came out that never went in", Level: "high",
		Summary:    "Messages of this kind come from the point in front, and this one did not: somebody may have sent it to the record directly.",
		CareImpact: "A record may hold what no system of the house said.",
	}},
	string(route.Lost): {kind: finding.Disruption, Rule: finding.Rule{
		Title: "A message went in and never came out", Level: "medium",
		Summary:    "Later messages came out long since. Look into the queue of errors of the interface engine.",
		CareImpact: "A result may never reach those who wait for it.",
	}},
	string(route.Rewritten): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "An interface rewrites a field in a way that it did not before", Level: "low",
		Summary:        "The field decides nothing about care, but the ways of the engine were another when they were learned.",
		FalsePositives: []string{"A change of the engine's configuration: compare its date with that of the change ticket."},
	}},
	string(image.Redrawn): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "The pictures of a study are not those that were made", Level: "critical",
		Summary:        "The archive holds other pixels under the same identifier than were first heard of. Compression without loss does not do that. Take a copy from the machine that made them, or from another archive.",
		CareImpact:     "Something may be seen in the picture that is not in the patient, or not seen that is.",
		FalsePositives: []string{"Compression with loss, which has to say so in the image and keep the original."},
	}},
	string(image.Reassigned): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Pictures belong to another patient than when they were made", Level: "critical",
		Summary:        "The number of the patient in the image is another, and the house has neither joined the two nor does the image say who corrected it.",
		CareImpact:     "A patient may be treated by the pictures of another.",
		FalsePositives: []string{"Images of an unknown or wrongly chosen patient that were put right without writing it into them."},
	}},
	string(image.Reworded): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "An image says other things about how it was made", Level: "high",
		Summary:    "Attributes changed that no archive has a reason to change: side, geometry, times, the scale of its values.",
		CareImpact: "Side, size or dose may be read wrongly.",
	}},
	string(image.Gone): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Images are missing in the archive that were there", Level: "high",
		Summary: "The archive held a study, a series or single images, and neither lists nor delivers them any more, or what it delivers cannot be read. No rejection note says that somebody sorted them out. " +
			"Look in its audit for who deleted them, and have them sent again by the machine that made them, or taken from a backup, before their time there is over.",
		CareImpact:     "A study may be missing where it is needed, or the one picture that showed the finding.",
		FalsePositives: []string{"A deletion that retention or a patient's right asked for: it has an order.", "An account that may not see all any more, or an archive that hides rejected images and their notes from it."},
	}},
	string(image.Missing): {kind: finding.Disruption, Rule: finding.Rule{
		Title: "A study was made and is not in the archive", Level: "medium",
		Summary:        "Images of the study were heard a day ago or more, and the archive never had it. Look into the queue of the machine that made them, and into the archive's list of what it turned away.",
		CareImpact:     "Who looks for the study finds none, and may have the patient irradiated again.",
		FalsePositives: []string{"Test images, and studies that belong into another archive: see expects in the archive's declaration."},
	}},
	string(image.Polyglot): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "An image is something else as well", Level: "high",
		Summary:        "Its first 128 bytes, which are empty in an image, make it a program or another kind of file. Do not open it; keep it for those who look into it.",
		CareImpact:     "A workstation may run what hides in an image.",
		FalsePositives: []string{"Formats of microscopy that put another head in front on purpose."},
	}},
	string(row.Unversioned): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A record was changed behind the back of its program", Level: "critical",
		Summary: "A row says something else than when it was read before, and neither its version nor its time says that it was changed. Programs do not do that; who may write to the database can. " +
			"Both rows are sealed. Ask the makers of the program and the administrators of the database who was at it.",
		CareImpact:     "A clinician may act on a value that nobody measured.",
		FalsePositives: []string{"An update of the program that writes rows anew."},
	}},
	string(row.Older): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "An older state of a record was put back", Level: "high",
		Summary:        "A row has a lower version than it had. A backup was restored, or somebody put an old row in the place of the present one.",
		CareImpact:     "What was added or corrected since is gone.",
		FalsePositives: []string{"A restore that is known: compare the list of rows with what was entered since."},
	}},
	string(kept.Differs): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "The record says another result than was sent to it", Level: "critical",
		Summary: "What the laboratory sent and what the record shows differ, and the record had time to hear of it. If somebody changed the result there, with or without a version, the laboratory " +
			"never took it back. Call the laboratory and ask what it measured, before anybody acts on the value.",
		CareImpact: "A clinician may treat by a value that nobody measured.",
		FalsePositives: []string{"A correction that was typed into the record alone: have the laboratory send it.",
			"A record that rounds values or keeps them in another unit: say so under results in the server's declaration."},
	}},
	string(kept.Missing): {kind: finding.Disruption, Rule: finding.Rule{
		Title: "A result was sent and is not in the record", Level: "medium",
		Summary:        "The laboratory sent it a day ago or more, and the record never had it. Look into the queue of errors of the interface engine, and into the record's list of messages that it could not place.",
		CareImpact:     "Who waits for the result finds none.",
		FalsePositives: []string{"Results of patients whom the record does not know, such as those of other houses."},
	}},
	string(row.Shared): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Data that all patients share was changed", Level: "high",
		Summary:        "A dictionary, a limit or a range that decides about every patient is another than it was. Have the person who is responsible for it confirm the change.",
		CareImpact:     "A limit that is wrong by a factor of ten warns nobody.",
		FalsePositives: []string{"A change that is known: compare it with the change ticket."},
	}},
	string(row.Fewer): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Records are missing that were there", Level: "high",
		Summary:        "A system holds fewer images, rows or entries of its audit than when it was asked before, and such numbers only grow. Look in its audit for who deleted them; where that is missing as well, ask for a backup.",
		CareImpact:     "A study or a result may be missing where it is needed.",
		FalsePositives: []string{"A deletion that retention or a patient's right asked for: it has an order."},
	}},
	string(row.History): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "The history of a record was rewritten", Level: "critical",
		Summary: "A server tells an earlier version otherwise than it told it before, or has lost it. Servers add versions and change none. Both are sealed here. " +
			"Ask the makers of the server and the administrators of its database who was at it.",
		CareImpact:     "Nobody can tell any more what was known when somebody decided.",
		FalsePositives: []string{"A server that was told to throw old versions away, by an order that you know."},
	}},
	string(row.Uncorrected): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A final result has another value and does not call itself corrected", Level: "high",
		Summary: "A new version of a result that was final says something else, or belongs to another patient, and its status says neither corrected nor amended. " +
			"The server took it from somebody who may write. Ask the laboratory which value it measured, and who wrote the other.",
		CareImpact:     "Who acted on the first value is not told of the second, and one of the two is wrong.",
		FalsePositives: []string{"An interface that sends corrections as final results: have that put right, for those who read the result do not see it either."},
	}},
	string(row.Unread): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Wardline does not find what it planted", Level: "high",
		Summary:        "Wardline tests itself: it pretends that a row was something else, and has to find that. For three days it did not. See on the page Reconciliation when the system was read back last, and in the log why not.",
		CareImpact:     "Changes of records in that system go unseen.",
		FalsePositives: []string{"A system that could not be reached for days, which you know."},
	}},
	string(row.Tampered): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A table of records is not guarded as it was", Level: "high",
		Summary:        "A trigger that wrote history is off or gone, numbers of rows are missing, or the table was made anew. What was changed meanwhile left no trace there.",
		CareImpact:     "Changes of records may go unseen in that system.",
		FalsePositives: []string{"An update of the program, or work on the database that was announced."},
	}},
	string(chart.BackDated): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A note claims an earlier time than it can be of", Level: "high",
		Summary:        "The note was written long after the time that it claims, and more speaks against that time. Ask its author, with the signs at hand; the journal proves when it was received.",
		CareImpact:     "Who reads the chart may believe that something was seen or done which was not.",
		FalsePositives: []string{"A late entry that does not call itself one. Writing it so is good practice; say that to the author."},
	}},
	string(chart.Amended): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Many entries of one chart were changed in a short time", Level: "high",
		Summary:        "One person changed many entries of one chart, more than almost anybody does. All versions are sealed. Ask who asked for it.",
		CareImpact:     "The chart may not say any more what was done.",
		FalsePositives: []string{"A correction that somebody asked for: a second patient's notes in the wrong chart, a template that was wrong."},
	}},
	string(chart.Merged): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Records of two different people were made one", Level: "critical",
		Summary:        "The two records do not agree about who the person is. Have the merge undone, or confirmed by somebody else than who made it.",
		CareImpact:     "Allergies, blood groups and results of one person stand in the record of another.",
		FalsePositives: []string{"A person who changed the name, or records that were made for somebody unknown."},
	}},
	string(chart.Mistimed): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "A result or a dose claims a time that it cannot be of", Level: "high",
		Summary:        "Its times, its number and what else was heard do not fit together: measured before it was taken, given before it was ordered, or by somebody who was not there. Ask the one who entered it, with the signs at hand.",
		CareImpact:     "Who reads the chart may believe that something was measured or given then which was not.",
		FalsePositives: []string{"A dose that was ordered by word of mouth, and entered afterwards.", "A machine whose clock is wrong: then all of its results are."},
	}},
	string(chart.Unfounded): {kind: finding.Falsification, Rule: finding.Rule{
		Title: "Vaccinations were entered for people who were not there", Level: "high",
		Summary:        "One account entered vaccinations of many people, and nothing says that they came: no visit, no appointment. Ask who gave them, and look for the batch in the pharmacy's books.",
		CareImpact:     "People are taken for protected who are not.",
		FalsePositives: []string{"Vaccinations elsewhere that are entered without saying so (RXA-9)."},
	}},
}

func ruleOf(kind string) rule {
	r := rules[kind]
	r.ID, r.Author, r.Source, r.Type = "integrity-"+kind, "Wardline", "internal/integrity", "integrity"
	return r
}
