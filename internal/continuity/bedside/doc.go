// Package bedside knows of each patient in the house what a nurse needs when the screens are dark: who lies in which bed, what the patient cannot
// have, which drugs are due when, the last results that matter. It knows it from what the systems said last, and says of each thing when that was.
//
//	HL7 events ──► Board (a Record for each number that patients go by) ──► Census, with the House's word on who is where and who is who
//
// What nobody said is unknown, and unknown is not none: "no allergies were sent" is another thing than "the patient has none". What one system leaves out another
// may have said; what a system takes back is gone, whatever order its messages come in.
//
// A Record is bounded, and what does not fit is counted in it, so that paper can say that there is more. Records are names and drugs in clear: who keeps one seals it.
package bedside
