package webhook

import (
	"slices"
	"strings"
	"unicode"
)

// A meaning is what a value of a field says about an alert.
type meaning struct {
	direction string // the path that the alert is meant for, or ""
	ignored   bool   // the alert asks for nothing: it has ended, or is not about load
	why       string // in words of this package, never the sender's
}

// values are the known values of a field.
type values struct {
	exact    map[string]meaning // by the folded value
	prefixes map[string]meaning // by the start of the folded value
	others   meaning            // of any other text or number
	isName   bool               // the value is the name of an alert
}

// A lookup is the tables of formats.go, by field.
type lookup struct {
	fields  map[string]*values
	parents map[string]bool // fields that have known fields below them
}

// known is the lookup of all tables. Nothing changes it.
var known = newLookup()

func newLookup() lookup {
	v := lookup{fields: map[string]*values{}, parents: map[string]bool{}}
	for _, s := range senders {
		for _, f := range s.fields {
			for _, path := range f.paths {
				v.addField(path, f)
			}
		}
	}
	for _, path := range nameFields {
		named := v.at(path)
		named.isName = true
		for _, name := range unrelatedNames {
			named.exact[fold(name)] = meaning{ignored: true, why: path + " " + name}
		}
		for direction, names := range ownNames {
			for _, name := range names {
				named.exact[fold(name)] = meaning{direction: direction, why: path + " " + name}
			}
		}
	}
	for _, place := range directionPlaces {
		for _, name := range directionFields {
			v.addDirections(place + name)
		}
	}
	v.addDirections(wholeText)
	return v
}

func (v lookup) addField(path string, f field) {
	of := v.at(path)
	for _, value := range f.firing {
		of.exact[fold(value)] = meaning{}
	}
	for _, value := range slices.Concat(f.resolved, f.unrelated) {
		prefix, isPrefix := strings.CutSuffix(value, "*")
		m := meaning{ignored: true, why: strings.TrimSpace(path + " " + prefix)}
		switch {
		case !isPrefix:
			of.exact[fold(value)] = m
		case prefix != "":
			of.prefixes[fold(prefix)] = m
		default:
			of.others = meaning{ignored: true, why: path + " is not " + strings.Join(f.firing, " or ")}
		}
	}
}

func (v lookup) addDirections(path string) {
	for direction, values := range directionWords {
		for _, value := range values {
			v.at(path).exact[fold(value)] = meaning{direction: direction, why: strings.TrimSpace(path + " " + value)}
		}
	}
}

// at returns the values of the field at path, which it adds if needed.
func (v lookup) at(path string) *values {
	key := fold(path)
	if v.fields[key] == nil {
		v.fields[key] = &values{exact: map[string]meaning{}, prefixes: map[string]meaning{}}
	}
	for i, c := range key {
		if c == '.' {
			v.parents[key[:i]] = true
		}
	}
	return v.fields[key]
}

// meaning returns what a value means. Values that are not listed mean something
// only if they are a text or a number.
func (v *values) meaning(value string, listedOnly bool) meaning {
	folded := fold(value)
	if m, ok := v.exact[folded]; ok {
		return m
	}
	for prefix, m := range v.prefixes {
		if strings.HasPrefix(folded, prefix) {
			return m
		}
	}
	if listedOnly || folded == "" {
		return meaning{}
	}
	return v.others
}

// fold returns a name or a value in the form in which it is compared.
func fold(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' {
			return -1
		}
		return unicode.ToLower(c)
	}, text)
}
