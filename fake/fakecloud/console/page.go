package console

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/prices"
)

// What a page shows at most of a kind.
const (
	maxInstances  = 200
	maxOperations = 50
	maxChanges    = 50
)

// A page is all that the overview shows.
type page struct {
	frame

	Problem    string // with a command
	Bill       bill
	Zones      []zone
	Pools      []pool
	Instances  []instance
	Hidden     int // instances that are left out
	Balancers  []balancer
	Groups     []group
	Others     []other
	Operations []operation
	Changes    []change
	Calls      calls
	Faults     []fault
	FaultNames []string
	Routes     []string // operations of the API
}

// A frame is what all pages have.
type frame struct {
	Path, Title, Speed, Uptime, Time string
	CloudTime                        string // that has passed; empty if it is the real one
	FixedSpeed                       string // why the speed cannot be changed; empty if it can
	Failing                          int    // faults in force
}

type zone struct {
	Name                        string
	Pools, Instances, Balancers int
}

type pool struct {
	Name, ID, Zone, State string
	Size, Running         int
	Members               []instance
}

type instance struct {
	Name, ID, Zone, State, Address, Type, Template, Pool, Error string
	DiskSize                                                    int
}

type other struct {
	Kind  string
	Names []string
}

type bill struct {
	prices.Bill

	Hour, Sum string
	Lines     []billLine
}

type billLine struct{ Item, Now, Hour, Sum string }

func (c *console) overview(w http.ResponseWriter, _ *http.Request) {
	c.render(w, http.StatusOK, "overview.html", c.page())
}

// render writes a page, as a whole or not at all.
func (c *console) render(w http.ResponseWriter, status int, name string, data any) {
	var text bytes.Buffer
	if err := c.pages.ExecuteTemplate(&text, name, data); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the browser may have left
}

// page looks at the cloud.
func (c *console) page() page {
	api := c.Cloud.API()
	p := page{frame: c.frame("fake cloud"), Bill: billOf(c.Cloud.Bill()), FaultNames: exoapi.FaultNames()}
	names := poolNames(api.Pools())
	byID := map[string]instance{}
	for _, i := range api.Instances() {
		v := instanceOf(i, names)
		byID[i.ID] = v
		if len(p.Instances) < maxInstances {
			p.Instances = append(p.Instances, v)
		} else {
			p.Hidden++
		}
	}
	for _, info := range api.Pools() {
		v := pool{Name: plain(info.Name), ID: info.ID, Zone: info.Zone, State: info.State, Size: info.Size}
		for _, id := range info.Members {
			if m, ok := byID[id]; ok {
				v.Members = append(v.Members, m)
				if m.State == "running" {
					v.Running++
				}
			}
		}
		p.Pools = append(p.Pools, v)
	}
	p.Balancers = c.balancers(byID, names)
	p.Groups = groupsOf(api)
	p.Others = othersOf(api.Inventory())
	p.Zones = zonesOf(api)
	c.activity(&p)
	return p
}

func (c *console) frame(title string) frame {
	api := c.Cloud.API()
	passed := time.Since(c.started).Round(time.Second)
	f := frame{
		Path: Path, Title: title, Uptime: passed.String(), Time: time.Now().Format(time.TimeOnly),
		Speed: strconv.FormatFloat(api.Speed(), 'f', -1, 64), Failing: len(api.Faults().List()),
	}
	if cloudTime := api.Passed(); (cloudTime - passed).Abs() > 2*time.Second {
		f.CloudTime = cloudTime.Round(time.Second).String()
	}
	if err := api.CanSetSpeed(); err != nil {
		f.FixedSpeed = plain(err.Error())
	}
	return f
}

func poolNames(pools []exoapi.PoolInfo) map[string]string {
	names := map[string]string{}
	for _, p := range pools {
		names[p.ID] = plain(p.Name)
	}
	return names
}

func instanceOf(i exoapi.InstanceInfo, pools map[string]string) instance {
	v := instance{
		Name: plain(i.Name), ID: i.ID, Zone: i.Zone, State: i.State, Type: i.Type, Template: plain(i.Template),
		Pool: pools[i.PoolID], Error: plain(i.Error), DiskSize: i.DiskSize,
	}
	if i.Address.IsValid() {
		v.Address = i.Address.String()
	}
	return v
}

// othersOf lists the kinds that have no section of their own.
func othersOf(inventory map[string][]string) (list []other) {
	for _, kind := range slices.Sorted(maps.Keys(inventory)) {
		switch kind {
		case "instance", "instance-pool", "load-balancer", "service", "security-group", "rule", "external-source":
			continue
		}
		o := other{Kind: kind}
		for _, entry := range inventory[kind] {
			name := entry
			if at := strings.LastIndexByte(entry, ' '); at > 0 {
				name = entry[:at] // without the id
			}
			o.Names = append(o.Names, plain(name))
		}
		list = append(list, o)
	}
	return list
}

func zonesOf(api *exoapi.Cloud) []zone {
	list := make([]zone, 0, len(api.Zones()))
	at := map[string]int{}
	for i, name := range api.Zones() {
		list = append(list, zone{Name: name})
		at[name] = i
	}
	for _, p := range api.Pools() {
		list[at[p.Zone]].Pools++
	}
	for _, i := range api.Instances() {
		list[at[i.Zone]].Instances++
	}
	for _, b := range api.Balancers() {
		list[at[b.Zone]].Balancers++
	}
	return list
}

func billOf(b prices.Bill) bill {
	v := bill{Bill: b, Hour: b.Money(b.PerHour), Sum: b.Money(b.Total)}
	for _, line := range b.Lines {
		v.Lines = append(v.Lines, billLine{
			line.Item, strconv.FormatFloat(line.Now, 'f', -1, 64), b.Money(line.PerHour), b.Money(line.Cost),
		})
	}
	return v
}
