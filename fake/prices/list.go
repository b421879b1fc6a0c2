package prices

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// MaxText is the longest list, in bytes.
const MaxText = 64 << 10

const (
	maxPrice    = 999999 // per hour
	maxName     = 100    // bytes of an item's name
	maxNote     = 200    // bytes
	maxCurrency = 10     // letters
)

//go:embed default.json
var defaultText []byte

// A List says what things cost in an hour. Its zero value knows no price.
type List struct {
	wire list
	// items are all prices, by the names of [Use].
	items map[string]float64
}

// A list is a List in JSON. Terraform's variable "prices" takes it, too.
type list struct {
	Date     string             `json:"date"` // such as 2026-01-31
	Currency string             `json:"currency"`
	Note     string             `json:"note,omitempty"`
	NLB      *float64           `json:"nlb,omitempty"`
	IPv4     *float64           `json:"ipv4,omitempty"`
	DiskGB   *float64           `json:"disk_gb,omitempty"`
	Types    map[string]float64 `json:"types,omitempty"`  // of instances
	Others   map[string]float64 `json:"others,omitempty"` // kinds of resources, each
}

// Default returns the list that comes with exopool.
func Default() List {
	l, err := Parse(defaultText)
	if err != nil {
		panic(fmt.Sprintf("the list that comes with the program: %v", err))
	}
	return l
}

// Parse reads a list, up to [MaxText] of JSON. An error says what is wrong with
// it, for people.
func Parse(text []byte) (List, error) {
	if len(text) > MaxText {
		return List{}, fmt.Errorf("the list is longer than %d bytes", MaxText)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var l List
	if err := decoder.Decode(&l.wire); err != nil {
		return List{}, fmt.Errorf("the list is not as it should be: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return List{}, errors.New("the list goes on after its end")
	}
	if err := l.wire.validate(); err != nil {
		return List{}, err
	}
	l.items = map[string]float64{}
	for name, price := range map[string]*float64{"load-balancer": l.wire.NLB, "ipv4": l.wire.IPv4, "disk": l.wire.DiskGB} {
		if price != nil {
			l.items[name] = *price
		}
	}
	for _, more := range []map[string]float64{l.wire.Types, l.wire.Others} {
		for name, price := range more {
			if _, twice := l.items[name]; twice {
				return List{}, fmt.Errorf("the list has two prices for %s", name)
			}
			l.items[name] = price
		}
	}
	for name, price := range l.items {
		if price < 0 || price > maxPrice {
			return List{}, fmt.Errorf("the price of %s is %g: it has to be from 0 to %d", name, price, maxPrice)
		}
	}
	return l, nil
}

// validate reports what is wrong, apart from prices.
func (l list) validate() error {
	if _, err := time.Parse(time.DateOnly, l.Date); err != nil {
		return fmt.Errorf("the date is %q: write it like 2026-01-31", l.Date)
	}
	if len(l.Currency) == 0 || len(l.Currency) > maxCurrency || strings.Trim(strings.ToUpper(l.Currency), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return fmt.Errorf("the currency is %q: write up to %d letters, such as EUR", l.Currency, maxCurrency)
	}
	if len(l.Note) > maxNote || strings.ContainsFunc(l.Note, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("the note has to be up to %d plain characters", maxNote)
	}
	for name := range l.Types {
		family, size, _ := strings.Cut(name, ".")
		if family == "" || size == "" || !isName(family) || !isName(size) {
			return fmt.Errorf("the type %q is none: write one like standard.small", name)
		}
	}
	for name := range l.Others {
		if !isName(name) {
			return fmt.Errorf("the kind %q is none: write one like elastic-ip", name)
		}
	}
	return nil
}

// isName reports whether a text may name a kind, a family or a size.
func isName(text string) bool {
	return text != "" && len(text) <= maxName && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// String returns the list in JSON, to be edited and read by [Parse].
func (l List) String() string {
	text, err := json.MarshalIndent(l.wire, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}
