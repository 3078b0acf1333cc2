package restlog

import "strings"

// isBase tells the parts of an address below which FHIR servers are used to stand.
func isBase(step string) bool {
	switch low := strings.ToLower(step); low {
	case "r2", "r3", "r4", "r4b", "r5", "dstu2", "stu3":
		return true
	default:
		return strings.Contains(low, "fhir")
	}
}

// unmistakable tells a path that only FHIR has, where neither server nor address says FHIR: other programs have an Account, too.
func unmistakable(steps []string) bool {
	if steps[0] == "$export" || steps[0] == "$export-poll-status" {
		return true
	}
	if !isResource(steps[0]) {
		return false
	}
	switch steps[0] {
	case "Account", "Appointment", "Basic", "Binary", "Bundle", "Claim", "Composition", "Consent", "Contract", "Coverage", "Device", "Endpoint", "Flag", "Goal",
		"Group", "Invoice", "Library", "List", "Location", "Measure", "Media", "Organization", "Permission", "Person", "Provenance", "Schedule", "Slot",
		"Subscription", "Substance", "Task", "Transport":
		return false
	}
	return true
}

// isResource tells the types of R4 and R5 that a hospital's server is asked for (https://hl7.org/fhir/R4/resourcelist.html).
func isResource(name string) bool {
	switch name {
	case "Account", "AdverseEvent", "AllergyIntolerance", "Appointment", "AppointmentResponse", "AuditEvent", "Basic", "Binary", "BodyStructure",
		"Bundle", "CarePlan", "CareTeam", "ChargeItem", "Claim", "ClaimResponse", "ClinicalImpression", "Communication", "CommunicationRequest",
		"Composition", "Condition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "DetectedIssue",
		"Device", "DeviceAssociation", "DeviceDispense", "DeviceMetric", "DeviceRequest", "DeviceUsage", "DeviceUseStatement", "DiagnosticReport", "DocumentManifest",
		"DocumentReference", "Encounter", "EncounterHistory", "Endpoint", "EnrollmentRequest", "EnrollmentResponse", "EpisodeOfCare",
		"ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "GenomicStudy", "Goal", "Group", "GuidanceResponse", "HealthcareService", "ImagingSelection",
		"ImagingStudy", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation", "InsurancePlan", "Invoice", "Library", "List", "Location",
		"Measure", "MeasureReport", "Media", "Medication", "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement",
		"MolecularSequence", "NutritionIntake", "NutritionOrder", "Observation", "Organization", "Patient", "PaymentNotice", "Permission", "Person",
		"Practitioner", "PractitionerRole", "Procedure", "Provenance", "Questionnaire", "QuestionnaireResponse", "RelatedPerson", "RequestGroup",
		"RequestOrchestration", "ResearchStudy", "ResearchSubject", "RiskAssessment", "Schedule", "ServiceRequest", "Slot", "Specimen", "Subscription",
		"Substance", "SupplyDelivery", "SupplyRequest", "Task", "Transport", "VisionPrescription":
		return true
	}
	return false
}
