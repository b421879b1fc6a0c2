package prices

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// least is the smallest amount that is written in figures.
const least = 0.0001

// A Use is how much of an item was used: a type of instances, such as
// "standard.micro", "disk" in GB, "ipv4" addresses, or another kind of resource,
// such as "load-balancer".
type Use struct {
	Item  string
	Now   float64 // how much there is at the end
	Hours float64 // the quantity, summed up over the hours
}

// A Bill is an estimate of what was used.
type Bill struct {
	Currency string
	Date     string  // of the prices
	Note     string  // about the prices; may be empty
	Total    float64 // of what has a price
	PerHour  float64 // what goes on costing that much
	Lines    []Line  // what has a price, sorted by item
	Unpriced []Use   // what has none, and is not counted, sorted by item
}

// A Line is what one item costs.
type Line struct {
	Use

	Price   float64 // of one, for an hour
	Cost    float64
	PerHour float64
}

// Bill estimates what was used. Items are counted once for each time they are
// named.
func (l List) Bill(uses []Use) Bill {
	b := Bill{Currency: l.wire.Currency, Date: l.wire.Date, Note: l.wire.Note}
	for _, u := range uses {
		price, known := l.items[u.Item]
		if !known {
			b.Unpriced = append(b.Unpriced, u)
			continue
		}
		line := Line{u, price, price * u.Hours, price * u.Now}
		b.Lines = append(b.Lines, line)
		b.Total += line.Cost
		b.PerHour += line.PerHour
	}
	slices.SortStableFunc(b.Lines, func(x, y Line) int { return cmp.Compare(x.Item, y.Item) })
	slices.SortStableFunc(b.Unpriced, func(x, y Use) int { return cmp.Compare(x.Item, y.Item) })
	return b
}

// String says the bill in lines of text: what it comes to, each item, and what
// has no price. It is empty if nothing was used.
func (b Bill) String() string {
	if len(b.Lines)+len(b.Unpriced) == 0 {
		return ""
	}
	var s strings.Builder
	if len(b.Lines) > 0 {
		fmt.Fprintf(&s, "%s, an estimate by prices of %s", b.Money(b.Total), b.Date)
		if b.Note != "" {
			fmt.Fprintf(&s, " (%s)", b.Note)
		}
		s.WriteString("\n")
	}
	for _, line := range b.Lines {
		fmt.Fprintf(&s, "  %s\t%s\t%s h\n", line.Item, b.Money(line.Cost), quantity(line.Hours))
	}
	for _, u := range b.Unpriced {
		fmt.Fprintf(&s, "  %s\tnot counted\t%s h, no price is known\n", u.Item, quantity(u.Hours))
	}
	return s.String()
}

// Money returns an amount with its currency, to a ten-thousandth.
func (b Bill) Money(amount float64) string {
	if amount > 0 && amount < least/2 {
		return "under 0.0001 " + b.Currency
	}
	return strconv.FormatFloat(amount, 'f', 4, 64) + " " + b.Currency
}

// quantity returns hours to three digits that say something, without an exponent.
func quantity(hours float64) string {
	switch {
	case hours > 0 && hours < least:
		return "under 0.0001"
	case hours >= 100:
		return strconv.FormatFloat(hours, 'f', 0, 64)
	}
	return strconv.FormatFloat(hours, 'g', 3, 64)
}
