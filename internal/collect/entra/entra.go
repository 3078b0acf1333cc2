// Package entra reads what Microsoft's cloud says of sign-ins and changes: exports of Entra ID
// from Microsoft Graph, Azure Monitor's logs, and the audit log of Microsoft 365.
package entra

import (
	"bytes"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Shapes returns the shapes of this package. All leave the object as it is.
func Shapes() []collect.Shape { return []collect.Shape{graph(), monitor(), table(), audit()} }

// graph is an object of Microsoft Graph: signIn, directoryAudit, riskDetection or an
// alert of Privileged Identity Management.
func graph() collect.Shape {
	const (
		created = iota // createdDateTime: when the sign-in was
		activityTime
		detected
		principal
		app
		signIn
		activity
		initiatedBy
		risk
		count
	)
	paths := collect.NewPicker("createdDateTime", "activityDateTime", "detectedDateTime", "userPrincipalName", "appDisplayName",
		"clientAppUsed", "activityDisplayName", "initiatedBy", "riskEventType")
	service := func(obj collect.Object, at *[count]int32) string {
		paths.Pick(obj, at[:])
		switch {
		case at[risk] >= 0 && (at[detected] >= 0 || at[activityTime] >= 0 || at[created] >= 0):
			if kind := obj.Raw(at[risk]); bytes.HasSuffix(kind, []byte("AlertIncident")) || bytes.HasSuffix(kind, []byte("AlertConfiguration")) {
				return "pim"
			}
			return "riskdetection"
		case at[activityTime] >= 0 && at[activity] >= 0 && at[initiatedBy] >= 0:
			return "auditlogs"
		case at[created] >= 0 && (at[principal] >= 0 || at[app] >= 0) && at[signIn] >= 0:
			return "signinlogs"
		}
		return ""
	}
	return collect.Shape{
		Name: "entra",
		Fits: func(obj collect.Object) int {
			var at [count]int32
			return surely(service(obj, &at) != "")
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
			var at [count]int32
			ev.Class = o.Taxonomy.Class("entra", service(obj, &at), "")
			setTime(ev, obj, at[activityTime], at[created], at[detected])
			return nil
		},
	}
}

// monitor is a record of Azure Monitor's diagnostic settings or activity log.
func monitor() collect.Shape {
	const (
		category = iota
		operation
		timeName
		resource
		tenant
		count
	)
	paths := collect.NewPicker("category", "operationName", "time", "resourceId", "tenantId")
	return collect.Shape{
		Name: "azure",
		Fits: func(obj collect.Object) int {
			var at [count]int32
			paths.Pick(obj, at[:])
			return surely(at[category] >= 0 && at[operation] >= 0 && at[timeName] >= 0 && (at[resource] >= 0 || at[tenant] >= 0))
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
			var at [count]int32
			paths.Pick(obj, at[:])
			ev.Class = o.Taxonomy.ClassOf("azure", obj.Raw(at[category]), nil)
			setTime(ev, obj, at[timeName])
			return nil
		},
	}
}

// table is a row of a Log Analytics workspace.
func table() collect.Shape {
	paths := collect.NewPicker("Type", "TimeGenerated", "OperationName", "OperationNameValue")
	return collect.Shape{
		Name: "azure",
		Fits: func(obj collect.Object) int {
			var at [4]int32
			paths.Pick(obj, at[:])
			return surely(at[0] >= 0 && at[1] >= 0 && (at[2] >= 0 || at[3] >= 0))
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
			var at [4]int32
			paths.Pick(obj, at[:])
			ev.Class = o.Taxonomy.ClassOf("azure", obj.Raw(at[0]), nil)
			setTime(ev, obj, at[1])
			return nil
		},
	}
}

// audit is a record of Microsoft 365's unified audit log (Office 365 Management Activity API,
// common schema).
func audit() collect.Shape {
	const (
		workload = iota
		operation
		created
		user
		record
		count
	)
	paths := collect.NewPicker("Workload", "Operation", "CreationTime", "UserId", "RecordType")
	return collect.Shape{
		Name: "m365",
		Fits: func(obj collect.Object) int {
			var at [count]int32
			paths.Pick(obj, at[:])
			return surely(at[workload] >= 0 && at[operation] >= 0 && at[created] >= 0 && (at[user] >= 0 || at[record] >= 0))
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, _ *event.Builder) error {
			var at [count]int32
			paths.Pick(obj, at[:])
			ev.Class = o.Taxonomy.ClassOf("m365", obj.Raw(at[workload]), nil)
			setTime(ev, obj, at[created])
			return nil
		},
	}
}

func surely(fits bool) int {
	if fits {
		return 95
	}
	return 0
}

// setTime takes the first of the values that is a time.
func setTime(ev *event.Event, obj collect.Object, values ...int32) {
	for _, i := range values {
		if t, ok := event.ParseTime(obj.Raw(i)); ok {
			ev.Time = t
			return
		}
	}
}
