package atna

import "strings"

// Role codes of PS3.16 CID 402.
const (
	RoleApplication = "110150"
	RoleLauncher    = "110151"
	RoleDestination = "110152"
	RoleSource      = "110153"
)

// Event codes of PS3.16 CID 400 and 401 that need a second look.
const (
	ApplicationActivity = "110100"
	AuditLogUsed        = "110101"
	InstancesAccessed   = "110103"
	Transferred         = "110104"
	StudyDeleted        = "110105"
	Export              = "110106"
	Import              = "110107"
	OrderRecord         = "110109"
	PatientRecord       = "110110"
	ProcedureRecord     = "110111"
	Query               = "110112"
	SecurityAlert       = "110113"
	UserAuthentication  = "110114"
	BeginTransfer       = "110102"
)

// Verb names in one word what an event was, by its EventID, its EventTypeCodes and its action
// (PS3.16 CID 400 and 401): create, read, update, delete, search, export, import, send, login,
// logout, break-glass, config, start, stop. It is empty where the codes do not tell.
// FHIR's AuditEvent uses the same codes.
func Verb(eventID string, types []string, action string) string {
	for _, code := range types {
		if verb := typeVerb(code); verb != "" {
			return verb
		}
	}
	switch eventID {
	case AuditLogUsed:
		return "read"
	case BeginTransfer, Transferred:
		return "send"
	case StudyDeleted:
		return "delete"
	case Export:
		return "export"
	case Import:
		return "import"
	case Query:
		return "search"
	case UserAuthentication:
		return "login"
	}
	return ActionVerb(action)
}

// typeVerb knows the event types that say more than their EventID.
func typeVerb(code string) string {
	switch code {
	case "110120", "110134", "110124", "110139", "110141": // application, audit recording, attach, service operations
		return "start"
	case "110121", "110133", "110125", "110140", "110142", "110138": // the same, and emergency override
		return "stop"
	case "110122":
		return "login"
	case "110123":
		return "logout"
	case "110127":
		return "break-glass"
	case "110128", "110129", "110130", "110131", "110135", "110136", "110137":
		return "config"
	}
	return ""
}

// ActionVerb is the word for EventActionCode C, R, U or D (RFC 3881 5.1.2). E, execute, says nothing.
func ActionVerb(action string) string {
	switch action {
	case "C":
		return "create"
	case "R":
		return "read"
	case "U":
		return "update"
	case "D":
		return "delete"
	}
	return ""
}

// EventCode is the DICOM code of m's EventID. Senders that put no such code
// there (OpenEMR writes the word eventIDcode) are understood by the text beside it.
func (m *Message) EventCode() string {
	if v := m.EventID.Value; len(v) == 6 && strings.HasPrefix(v, "110") {
		return v
	}
	switch strings.ToLower(strings.TrimSpace(m.EventID.Text)) {
	case "application activity":
		return ApplicationActivity
	case "audit log used":
		return AuditLogUsed
	case "begin transferring dicom instances":
		return BeginTransfer
	case "dicom instances accessed":
		return InstancesAccessed
	case "dicom instances transferred":
		return Transferred
	case "dicom study deleted":
		return StudyDeleted
	case "export":
		return Export
	case "import":
		return Import
	case "order record":
		return OrderRecord
	case "patient record":
		return PatientRecord
	case "procedure record":
		return ProcedureRecord
	case "query":
		return Query
	case "security alert":
		return SecurityAlert
	case "user authentication":
		return UserAuthentication
	}
	return m.EventID.Value
}
