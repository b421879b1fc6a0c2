package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

type operation struct {
	Time, State, About, Reason string
}

type change struct {
	Time, Operation, Zone string
	Status                int
	Refused               bool
}

type calls struct {
	Total       int
	Operations  []count
	Unsupported []count
}

type count struct {
	Name  string
	Count int
}

type fault struct {
	Number                          int
	Name, Operation, Left, Duration string
}

// activity fills in what happens: faults, operations, changes and calls.
func (c *console) activity(p *page) {
	api := c.Cloud.API()
	for number, f := range api.Faults().All() {
		v := fault{Number: number, Name: f.Name, Operation: cmp.Or(f.Operation, exoapi.AnyOperation), Left: "any"}
		if f.Count > 0 {
			v.Left = strconv.Itoa(f.Count)
		}
		if f.Duration > 0 {
			v.Duration = f.Duration.String()
		}
		p.Faults = append(p.Faults, v)
	}
	for _, r := range api.Routes() {
		if r.Emulated {
			p.Routes = append(p.Routes, r.OperationID)
		}
	}
	slices.Sort(p.Routes)
	for _, o := range api.Operations(maxOperations) {
		reason := o.Message
		if o.Reason != "" {
			reason = o.Reason + ": " + o.Message
		}
		p.Operations = append(p.Operations, operation{
			o.Since.Local().Format(time.TimeOnly), o.State, p.nameOf(o.About), plain(reason),
		})
	}
	for _, e := range api.Changes(maxChanges) {
		p.Changes = append(p.Changes, change{
			e.Time.Local().Format(time.TimeOnly), e.Operation, e.Zone, e.Status, e.Status != http.StatusOK,
		})
	}
	counted := api.Calls()
	p.Calls = calls{counted.Total, sorted(counted.ByOperation), sorted(c.Unsupported())}
}

// nameOf returns the kind and the name of what a path of the API leads to, or its
// id if the page does not show it.
func (p *page) nameOf(path string) string {
	kind, id, _ := strings.Cut(strings.TrimPrefix(path, "/v2/"), "/")
	name := id
	for _, v := range p.Pools {
		if v.ID == id {
			name = v.Name
		}
	}
	for _, v := range p.Instances {
		if v.ID == id {
			name = v.Name
		}
	}
	for _, v := range p.Balancers {
		if v.ID == id {
			name = v.Name
		}
	}
	for _, v := range p.Groups {
		if v.ID == id {
			name = v.Name
		}
	}
	return plain(kind + " " + name)
}

// sorted lists counts, the highest first.
func sorted(counts map[string]int) []count {
	list := make([]count, 0, len(counts))
	for name, n := range counts {
		list = append(list, count{plain(name), n})
	}
	slices.SortFunc(list, func(a, b count) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name)) })
	return list
}
