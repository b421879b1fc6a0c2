package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// inspectTimeout bounds a look into a machine.
const inspectTimeout = 4 * time.Second

// An instancePage is all that the page of an instance shows.
type instancePage struct {
	frame

	Instance instance
	Created  string
	Groups   string
	UserData int // bytes
	Boot     boot
	Log      string // of the console
	NoLog    string // why there is none
}

// boot is how far a machine has come.
type boot struct {
	Unknown    string // why it is not known
	State      string
	Working    string
	Complaints []string
	Failed     []string // units of systemd
	Listening  string
	Containers []container
}

type container struct {
	Name, Image, State string
	Log                string
}

func (c *console) instance(w http.ResponseWriter, r *http.Request) {
	api := c.Cloud.API()
	infos := api.Instances()
	at := slices.IndexFunc(infos, func(i exoapi.InstanceInfo) bool { return i.ID == r.PathValue("id") })
	if at < 0 {
		c.render(w, http.StatusNotFound, "gone.html", c.frame("no such instance"))
		return
	}
	info := infos[at]
	p := instancePage{
		frame: c.frame(plain(info.Name)), Instance: instanceOf(info, poolNames(api.Pools())), Created: info.Created,
		Groups: plain(strings.Join(info.SecurityGroups, ", ")), UserData: len(info.UserData),
	}
	ctx, cancel := context.WithTimeout(r.Context(), inspectTimeout)
	defer cancel()
	p.Boot = c.boots.of(info.ID, time.Now(), func() boot { return c.boot(ctx, info.ID) })
	log, err := c.Cloud.ConsoleLog(info.ID)
	p.Log = plain(log)
	if err != nil {
		p.NoLog = reasonOf(err)
	}
	c.render(w, http.StatusOK, "instance.html", p)
}

// boot looks into a machine, which runs some commands there.
func (c *console) boot(ctx context.Context, id string) boot {
	facts, err := c.Cloud.Inspect(ctx, id)
	if err != nil {
		return boot{Unknown: reasonOf(err)}
	}
	b := boot{
		State: bootState(facts), Complaints: plainAll(facts.Complaints), Failed: plainAll(facts.FailedUnits),
		Working: strings.Join(plainAll(facts.Working), " → "),
	}
	var ports []string
	for _, socket := range facts.Sockets {
		ports = append(ports, socket.String())
	}
	b.Listening = strings.Join(ports, ", ")
	for _, k := range facts.Containers {
		state := k.State
		if k.State == "exited" {
			state = "exited with " + strconv.Itoa(k.ExitCode)
		}
		if k.Restarts > 0 {
			state += fmt.Sprintf(", restarted %d times", k.Restarts)
		}
		b.Containers = append(b.Containers, container{plain(k.Name), plain(k.Image), state, strings.Join(plainAll(k.Log), "\n")})
	}
	return b
}

func bootState(f driverapi.Facts) string {
	switch {
	case !f.On:
		return "the machine is off"
	case f.Done:
		return "user-data was executed " + f.DoneSince.Round(time.Second).String() + " ago"
	}
	return "the user-data is being executed"
}

func plainAll(texts []string) []string {
	list := make([]string, len(texts))
	for i, t := range texts {
		list[i] = plain(t)
	}
	return list
}

// reasonOf says why nothing is known of a machine.
func reasonOf(err error) string {
	if errors.Is(err, errors.ErrUnsupported) {
		return "Machines of this cloud do not boot: -machines nspawn makes them."
	}
	return plain(err.Error())
}
