package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

// Limits of a form.
const (
	maxForm     = 4 << 10 // bytes
	maxCount    = 1000000
	maxDuration = 1000 * time.Hour
)

// setSpeed changes how fast the cloud's time passes.
func (c *console) setSpeed(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.refuse(w, errors.New("the form cannot be read"))
		return
	}
	text := r.PostForm.Get("speed")
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil {
		err = fmt.Errorf("the speed %q is no number", shorten(text))
	} else {
		err = c.Cloud.API().SetSpeed(speed)
	}
	if err != nil {
		c.refuse(w, err)
		return
	}
	http.Redirect(w, r, Path+"#clock-title", http.StatusSeeOther)
}

func (c *console) addFault(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.refuse(w, errors.New("the form cannot be read"))
		return
	}
	fault, err := readFault(r.PostForm.Get)
	if err == nil {
		_, err = c.Cloud.API().Faults().Add(fault)
	}
	if err != nil {
		c.refuse(w, err)
		return
	}
	http.Redirect(w, r, Path+"#faults", http.StatusSeeOther)
}

// readFault reads the fields of a form.
func readFault(field func(string) string) (f exoapi.Fault, err error) {
	f = exoapi.Fault{Name: field("name"), Operation: field("operation")}
	if f.Count, err = number("count", field("count")); err != nil {
		return f, err
	}
	if f.Keep, err = number("entries kept", field("keep")); err != nil {
		return f, err
	}
	if text := field("duration"); text != "" {
		f.Duration, err = time.ParseDuration(text)
		if err != nil || f.Duration < 0 || f.Duration > maxDuration {
			return f, fmt.Errorf("the duration %q is not like 30s or 2m, or is above %s", shorten(text), maxDuration)
		}
	}
	return f, nil
}

func number(name, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxCount {
		return 0, fmt.Errorf("the %s %q is not a number from 0 to %d", name, shorten(text), maxCount)
	}
	return n, nil
}

func (c *console) removeFault(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		c.refuse(w, errors.New("a fault has a number"))
		return
	}
	c.Cloud.API().Faults().Remove(n)
	http.Redirect(w, r, Path+"#faults", http.StatusSeeOther)
}

func (c *console) clearFaults(w http.ResponseWriter, r *http.Request) {
	c.Cloud.API().Faults().Clear()
	http.Redirect(w, r, Path+"#faults", http.StatusSeeOther)
}

func (c *console) crash(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := c.Cloud.API().FailMember(id); err != nil {
		c.refuse(w, err)
		return
	}
	http.Redirect(w, r, Path+"instance/"+id, http.StatusSeeOther) //nolint:gosec // G710: FailMember knows the id, so it is one
}

// refuse shows the page again, and what was wrong with a command.
func (c *console) refuse(w http.ResponseWriter, err error) {
	p := c.page()
	p.Problem = plain(err.Error())
	c.render(w, http.StatusUnprocessableEntity, "overview.html", p)
}
