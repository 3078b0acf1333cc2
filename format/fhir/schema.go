package fhir

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// property is what the JSON form of an element depends on and XML does not say.
type property struct {
	list bool   // an array in JSON, however many there are
	kind byte   // of a primitive: 'b' boolean, 'n' number, 0 string
	of   string // the type of what has elements itself, empty when not known
}

// schema lists, type by type, the elements of R4 that are lists, booleans or numbers, or whose type has such elements; of the types that
// clinical statements and audit records are made of. "any" holds for all types. What is not listed is one string, or what its
// children make it; value[x] tells its type by its name.
//
//	name* a list    name:b a boolean    name:n a number    name:Type of that type
const schema = `
any meta:Meta coding:Coding* extension:Extension* modifierExtension:Extension* contained* period:Period
Meta profile* security:Coding* tag:Coding*
Coding userSelected:b
HumanName given* prefix* suffix*
Address line*
ContactPoint rank:n
Attachment size:n
Quantity value:n
Age value:n
Duration value:n
Distance value:n
Count value:n
Money value:n
Range low:Quantity high:Quantity
Ratio numerator:Quantity denominator:Quantity
SampledData origin:Quantity period:n factor:n lowerLimit:n upperLimit:n dimensions:n
Signature type:Coding*
Timing event* repeat:Timing.repeat
Timing.repeat count:n countMax:n duration:n durationMax:n frequency:n frequencyMax:n period:n periodMax:n dayOfWeek* timeOfDay* when* offset:n
Dosage sequence:n additionalInstruction* timing:Timing doseAndRate:Dosage.doseAndRate* maxDosePerPeriod:Ratio maxDosePerAdministration:Quantity maxDosePerLifetime:Quantity
ContactDetail telecom:ContactPoint*
Patient identifier* active:b name:HumanName* telecom:ContactPoint* address:Address* photo:Attachment* contact:Patient.contact* communication:Patient.communication* generalPractitioner* link*
Patient.contact relationship* name:HumanName telecom:ContactPoint* address:Address
Patient.communication preferred:b
Practitioner identifier* active:b name:HumanName* telecom:ContactPoint* address:Address* photo:Attachment* qualification:Practitioner.qualification* communication*
Practitioner.qualification identifier*
PractitionerRole identifier* active:b code* specialty* location* healthcareService* telecom:ContactPoint* availableTime:PractitionerRole.availableTime* notAvailable* endpoint*
PractitionerRole.availableTime daysOfWeek* allDay:b
Organization identifier* active:b type* alias* telecom:ContactPoint* address:Address* contact:Organization.contact* endpoint*
Organization.contact name:HumanName telecom:ContactPoint* address:Address
Location identifier* alias* type* telecom:ContactPoint* address:Address position:Location.position hoursOfOperation:Location.hoursOfOperation* endpoint*
Location.position longitude:n latitude:n altitude:n
Location.hoursOfOperation daysOfWeek* allDay:b
Encounter identifier* statusHistory* classHistory* type* episodeOfCare* basedOn* participant:Encounter.participant* appointment* length:Duration reasonCode* reasonReference* diagnosis:Encounter.diagnosis* account* hospitalization:Encounter.hospitalization location*
Encounter.participant type*
Encounter.diagnosis rank:n
Encounter.hospitalization dietPreference* specialCourtesy* specialArrangement*
Observation identifier* basedOn* partOf* category* focus* performer* interpretation* note* referenceRange:Observation.referenceRange* hasMember* derivedFrom* component:Observation.component*
Observation.referenceRange low:Quantity high:Quantity appliesTo* age:Range
Observation.component interpretation* referenceRange:Observation.referenceRange*
DiagnosticReport identifier* basedOn* category* performer* resultsInterpreter* specimen* result* imagingStudy* media* conclusionCode* presentedForm:Attachment*
MedicationRequest identifier* category* supportingInformation* reasonCode* reasonReference* instantiatesCanonical* instantiatesUri* basedOn* insurance* note* dosageInstruction:Dosage* dispenseRequest:MedicationRequest.dispenseRequest detectedIssue* eventHistory* doNotPerform:b
MedicationRequest.dispenseRequest initialFill:MedicationRequest.initialFill numberOfRepeatsAllowed:n quantity:Quantity expectedSupplyDuration:Duration dispenseInterval:Duration
MedicationRequest.initialFill quantity:Quantity duration:Duration
MedicationAdministration identifier* instantiates* partOf* statusReason* supportingInformation* performer* reasonCode* reasonReference* device* note* dosage:MedicationAdministration.dosage eventHistory*
MedicationAdministration.dosage dose:Quantity
MedicationDispense identifier* partOf* supportingInformation* performer* authorizingPrescription* quantity:Quantity daysSupply:Quantity receiver* note* dosageInstruction:Dosage* substitution:MedicationDispense.substitution detectedIssue* eventHistory*
MedicationDispense.substitution wasSubstituted:b reason* responsibleParty*
MedicationStatement identifier* basedOn* partOf* statusReason* derivedFrom* reasonCode* reasonReference* note* dosage:Dosage*
Medication identifier* amount:Ratio ingredient:Medication.ingredient*
Medication.ingredient isActive:b strength:Ratio
AllergyIntolerance identifier* category* note* reaction:AllergyIntolerance.reaction*
AllergyIntolerance.reaction manifestation* note*
Condition identifier* category* bodySite* stage:Condition.stage* evidence:Condition.evidence* note*
Condition.stage assessment*
Condition.evidence code* detail*
Procedure identifier* instantiatesCanonical* instantiatesUri* basedOn* partOf* performer* reasonCode* reasonReference* bodySite* report* complication* complicationDetail* followUp* note* focalDevice* usedReference* usedCode*
DocumentReference identifier* category* author* relatesTo* securityLabel* content:DocumentReference.content* context:DocumentReference.context
DocumentReference.content attachment:Attachment
DocumentReference.context encounter* event* related*
ServiceRequest identifier* instantiatesCanonical* instantiatesUri* basedOn* replaces* category* doNotPerform:b orderDetail* performer* locationCode* locationReference* reasonCode* reasonReference* insurance* supportingInfo* specimen* bodySite* note* relevantHistory*
Immunization identifier* primarySource:b doseQuantity:Quantity performer* note* reasonCode* reasonReference* isSubpotent:b subpotentReason* education* programEligibility* reaction:Immunization.reaction* protocolApplied:Immunization.protocolApplied*
Immunization.reaction reported:b
Immunization.protocolApplied targetDisease*
Specimen identifier* parent* request* collection:Specimen.collection processing* container* condition* note*
Specimen.collection duration:Duration quantity:Quantity
Composition category* author* attester* relatesTo* event:Composition.event* section:Composition.section*
Composition.event code* detail*
Composition.section author* entry* section:Composition.section*
Provenance target* policy* reason* agent:Provenance.agent* entity* signature:Signature*
Provenance.agent role*
AuditEvent subtype:Coding* purposeOfEvent* agent:AuditEvent.agent* source:AuditEvent.source entity:AuditEvent.entity*
AuditEvent.agent role* policy* requestor:b purposeOfUse*
AuditEvent.source type:Coding*
AuditEvent.entity securityLabel:Coding* detail*
Bundle total:n link* entry:Bundle.entry* signature:Signature
Bundle.entry link* search:Bundle.search
Bundle.search score:n
OperationOutcome issue:OperationOutcome.issue*
OperationOutcome.issue location* expression*
`

// schemaIndex finds properties by type and name.
type schemaIndex map[string]map[string]property

// newSchemaIndex reads the schema. That takes less time than reading a small resource in XML does.
func newSchemaIndex() schemaIndex {
	x := schemaIndex{}
	for line := range strings.Lines(schema) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		properties := make(map[string]property, len(words))
		for _, word := range words[1:] {
			name, list := strings.CutSuffix(word, "*")
			name, of, _ := strings.Cut(name, ":")
			p := property{list: list, of: of}
			if of == "b" || of == "n" {
				p.kind, p.of = of[0], ""
			}
			properties[name] = p
		}
		x[words[0]] = properties
	}
	return x
}

// find returns the property of that name of a type.
func (x schemaIndex) find(of, name string) property {
	if p, ok := x[of][name]; ok {
		return p
	}
	if p, ok := x["any"][name]; ok {
		return p
	}
	return x.choice(name)
}

// choice reads the type off the name of an element such as valueQuantity (R4 formats.html#choice).
func (x schemaIndex) choice(name string) property {
	const longest = 64 // name of an element
	if len(name) > longest {
		return property{}
	}
	for i := 1; i < len(name); i++ {
		if r, _ := utf8.DecodeRuneInString(name[i:]); !unicode.IsUpper(r) {
			continue
		}
		switch suffix := name[i:]; suffix {
		case "Boolean":
			return property{kind: 'b'}
		case "Integer", "Decimal", "PositiveInt", "UnsignedInt":
			return property{kind: 'n'}
		default:
			if x[suffix] != nil {
				return property{of: suffix}
			}
		}
	}
	return property{}
}
