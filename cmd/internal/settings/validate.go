package settings

import (
	"reflect"
	"strings"

	"github.com/exopool/exopool/internal/configerr"
)

// Validate has the configuration validated by [Set.Read], after the settings
// that are declared before it have been read. What it finds wrong with a field,
// a [configerr.Error], or with Outer.Inner one within a field, is reported of the
// setting that is bound to it, unless that is known to be wrong already.
func Validate[C interface{ Validate() error }](set *Set, cfg *C) {
	set.Check(func() {
		for _, wrong := range configerr.Errors((*cfg).Validate()) {
			field := reflect.ValueOf(cfg).Elem()
			for name := range strings.SplitSeq(wrong.Field, ".") {
				field = field.FieldByName(name)
			}
			setting := set.boundTo(field.Addr().Interface())
			switch {
			case setting == nil:
				set.Wrong(wrong.Field, wrong.Problem, wrong.Remedy)
			case !setting.wrong:
				setting.wrongIn(setting.String(), wrong.Problem, wrong.Remedy)
			}
		}
	})
}

// boundTo returns the setting that fills the field, or nil.
func (s *Set) boundTo(field any) *Setting {
	for _, setting := range s.settings {
		if setting.into == field {
			return setting
		}
	}
	return nil
}
