package budget

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/exopool/exopool/internal/configerr"
)

// A Plan is what the members of a pool may cost. All amounts are in one currency. The
// zero Plan has no limits.
type Plan struct {
	// Limit is the most that members may cost in a period, up to [MaxAmount]; 0: as
	// much as they do.
	Limit  float64
	Period Period // of Limit; default [Month]
	// Soft is the part of what the minimum leaves of Limit from which on the pool is
	// to save, above 0 and up to 1; 0: [DefaultSoft].
	Soft float64
	// Hourly is the most that members may cost in an hour, up to [MaxAmount]; 0: as
	// much as they do.
	Hourly float64
	// Price is what a member costs in an hour, up to [MaxAmount]; above 0 with any
	// limit.
	Price    float64
	Currency string // for people, such as EUR, up to 10 letters
}

// MaxAmount is far above what any pool costs.
const MaxAmount = 999_999

// DefaultSoft is where the pool begins to save.
const DefaultSoft = 0.8

// limited reports whether there is any limit.
func (p Plan) limited() bool { return p.Limit > 0 || p.Hourly > 0 }

// Priced reports whether it is known what members cost.
func (p Plan) Priced() bool { return p.Price > 0 }

// Validate reports every field that is out of its range, as [configerr.Error].
func (p Plan) Validate() error {
	errs := []error{
		amount("Limit", p.Limit), amount("Hourly", p.Hourly), amount("Price", p.Price),
	}
	if !(p.Soft >= 0 && p.Soft <= 1) {
		errs = append(errs, &configerr.Error{Field: "Soft", Problem: fmt.Sprintf("is %v", p.Soft), Remedy: "set it to a part of 1"})
	}
	if p.limited() && p.Price == 0 {
		errs = append(errs, &configerr.Error{Field: "Price", Problem: "is missing", Remedy: "set what a member costs in an hour"})
	}
	if p.Period != "" && !p.Period.known() {
		errs = append(errs, &configerr.Error{
			Field: "Period", Problem: fmt.Sprintf("is %q", p.Period), Remedy: fmt.Sprintf("set it to %s, %s, %s or %s", Hour, Day, Week, Month),
		})
	}
	if len(p.Currency) > maxCurrency || strings.ContainsFunc(p.Currency, func(r rune) bool { return !unicode.IsLetter(r) }) {
		errs = append(errs, &configerr.Error{Field: "Currency", Problem: fmt.Sprintf("is %q", p.Currency), Remedy: "set it to letters, such as EUR"})
	}
	return errors.Join(errs...)
}

const maxCurrency = 10

func amount(field string, value float64) error {
	if value >= 0 && value <= MaxAmount { // NaN is not
		return nil
	}
	return &configerr.Error{Field: field, Problem: fmt.Sprintf("is %v", value), Remedy: fmt.Sprintf("set it to 0 to %d", MaxAmount)}
}

// A Period is how long a limit is for. It begins when clocks of UTC do: an hour at
// its full minute, a week on Monday, a month on its first day.
type Period string

// The periods.
const (
	Hour  Period = "hour"
	Day   Period = "day"
	Week  Period = "week"
	Month Period = "month"
)

func (p Period) known() bool { return p == Hour || p == Day || p == Week || p == Month }

// bounds returns when the period that t is in begins, and when the next one does.
func (p Period) bounds(t time.Time) (start, end time.Time) {
	t = t.UTC()
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	switch p {
	case Hour:
		start = day.Add(time.Duration(t.Hour()) * time.Hour)
		return start, start.Add(time.Hour)
	case Day:
		return day, day.AddDate(0, 0, 1)
	case Week:
		start = day.AddDate(0, 0, -(int(t.Weekday())+6)%7)
		return start, start.AddDate(0, 0, 7)
	default:
		start = day.AddDate(0, 0, 1-t.Day())
		return start, start.AddDate(0, 1, 0)
	}
}
