package autoscale

import (
	"slices"
	"strings"
	"unicode"
)

// A meaning is what the value of a field tells of an alert.
type meaning struct {
	asks Direction // the path it is meant for, or ""
	over bool      // it asks for nothing: it has ended, or is not about load
	why  string    // in words of ours, never the sender's
}

// values is what those of one field mean.
type values struct {
	exact  map[string]meaning // by the folded value
	begins map[string]meaning // by how the folded value begins
	others meaning            // of any other text or number
	isName bool               // the value is the name of an alert
}

// A vocabulary is the tables of this package as they are looked up.
type vocabulary struct {
	fields  map[string]*values
	parents map[string]bool // fields that have fields of ours below them
}

// words is the vocabulary. Nothing changes it.
var words = newVocabulary()

func newVocabulary() vocabulary {
	v := vocabulary{fields: map[string]*values{}, parents: map[string]bool{}}
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
		for _, name := range asideNames {
			named.exact[fold(name)] = meaning{over: true, why: path + " " + name}
		}
		for direction, names := range directedNames {
			for _, name := range names {
				named.exact[fold(name)] = meaning{asks: direction, why: path + " " + name}
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

func (v vocabulary) addField(path string, f field) {
	of := v.at(path)
	for _, value := range f.firing {
		of.exact[fold(value)] = meaning{}
	}
	for _, value := range slices.Concat(f.ended, f.aside) {
		beginning, isBeginning := strings.CutSuffix(value, "*")
		m := meaning{over: true, why: strings.TrimSpace(path + " " + beginning)}
		switch {
		case !isBeginning:
			of.exact[fold(value)] = m
		case beginning != "":
			of.begins[fold(beginning)] = m
		default:
			of.others = meaning{over: true, why: path + " is not " + strings.Join(f.firing, " or ")}
		}
	}
}

func (v vocabulary) addDirections(path string) {
	for direction, values := range directionWords {
		for _, value := range values {
			v.at(path).exact[fold(value)] = meaning{asks: direction, why: strings.TrimSpace(path + " " + value)}
		}
	}
}

// at returns the values of the field at path, empty ones at first.
func (v vocabulary) at(path string) *values {
	key := fold(path)
	if v.fields[key] == nil {
		v.fields[key] = &values{exact: map[string]meaning{}, begins: map[string]meaning{}}
	}
	for i, c := range key {
		if c == '.' {
			v.parents[key[:i]] = true
		}
	}
	return v.fields[key]
}

// of returns what a value means. Only a text or a number can be one of the
// values that are not listed.
func (v *values) of(value string, listedOnly bool) meaning {
	folded := fold(value)
	if m, ok := v.exact[folded]; ok {
		return m
	}
	for beginning, m := range v.begins {
		if strings.HasPrefix(folded, beginning) {
			return m
		}
	}
	if listedOnly || folded == "" {
		return meaning{}
	}
	return v.others
}

// fold returns a name or a value as it is compared.
func fold(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' {
			return -1
		}
		return unicode.ToLower(c)
	}, text)
}
