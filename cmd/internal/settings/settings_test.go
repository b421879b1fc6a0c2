package settings_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/internal/configerr"
)

// A sample has a field of each kind.
type sample struct {
	Port     int
	Interval time.Duration
	Speed    float64
	Name     string
	Names    []string
	Folders  []string
	Operands []string
	Address  string
	File     string
	Verbose  bool
	Token    string
	Word     string
	Logging  settings.Logging
}

// declare returns the settings of a sample with its defaults.
func declare(env settingstest.Env) (*settings.Set, *sample) {
	s := &sample{Port: 80, Interval: time.Minute, Speed: 1, Names: []string{"a", "b"}}
	set := settings.New("sample run", "sample is an example.", env.Get)
	settings.Add(set, &s.Port, settings.Spec{Flag: "port, p", Env: "SAMPLE_PORT, PORT", Help: "where it is"}, settings.Port())
	settings.Add(set, &s.Interval, settings.Spec{Flag: "interval", Help: "how often"}, settings.Duration(time.Second, time.Hour).Or("never", -1))
	settings.Add(set, &s.Speed, settings.Spec{Flag: "speed", Help: "how fast"}, settings.Float(0.5, 100))
	settings.Add(set, &s.Name, settings.Spec{Env: "SAMPLE_NAME", Help: "what it is called"}, settings.Text("NAME", func(name string) error {
		if name == "bad" {
			return errors.New("is not good")
		}
		return nil
	}))
	settings.Add(set, &s.Names, settings.Spec{Flag: "names", Help: "all names"}, settings.List(settings.Text("NAMES", nil)))
	settings.AddRepeated(set, &s.Folders, settings.Spec{Flag: "folder", Env: "SAMPLE_FOLDER", Help: "a folder; may be repeated"}, settings.Path())
	settings.Add(set, &s.Address, settings.Spec{Flag: "listen", Help: "where it listens"}, settings.Address())
	settings.Add(set, &s.File, settings.Spec{Flag: "file", Help: "what it reads"}, settings.File())
	settings.Add(set, &s.Verbose, settings.Spec{Flag: "v", Help: "log more"}, settings.Bool())
	settings.AddToken(set, &s.Token, settings.Spec{Flag: "token-file", Env: "SAMPLE_TOKEN", Help: "the token"})
	settings.AddSecret(set, &s.Word, settings.Spec{Flag: "word-file", Help: "the word"})
	settings.AddLogging(set, &s.Logging)
	return set, s
}

// parse returns a sample filled from arguments and an environment.
func parse(t *testing.T, env settingstest.Env, args ...string) (*sample, []settings.SettingError) {
	t.Helper()
	set, s := declare(env)
	if err := settingstest.Parse(t.Context(), set, args, io.Discard); err != nil {
		return s, settingstest.Errors(t, err)
	}
	return s, nil
}

func TestFlagWinsOverEnvironmentAndEnvironmentOverDefault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  settingstest.Env
		args []string
		want int
	}{
		"default":                       {nil, nil, 80},
		"first variable":                {settingstest.Env{"SAMPLE_PORT": "81", "PORT": "82"}, nil, 81},
		"second variable":               {settingstest.Env{"SAMPLE_PORT": " ", "PORT": "82\n"}, nil, 82},
		"flag":                          {settingstest.Env{"SAMPLE_PORT": "81"}, []string{"-port", "83"}, 83},
		"its other name":                {settingstest.Env{"SAMPLE_PORT": "81"}, []string{"-p=84"}, 84},
		"last of those that are given":  {nil, []string{"-p=84", "-port=85"}, 85},
		"and not a wrong one before it": {nil, []string{"-p=x", "-port=85"}, 85},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, wrong := parse(t, c.env, c.args...)
			assert.Empty(t, wrong)
			assert.Equal(t, c.want, s.Port)
		})
	}
}

func TestRepeatedFlagsAddUp(t *testing.T) {
	t.Parallel()
	s, wrong := parse(t, settingstest.Env{"SAMPLE_FOLDER": "/c"}, "-folder", "/a", "-folder=/b,c")
	assert.Empty(t, wrong)
	assert.Equal(t, []string{"/a", "/b,c"}, s.Folders)
	s, _ = parse(t, settingstest.Env{"SAMPLE_FOLDER": "/c"})
	assert.Equal(t, []string{"/c"}, s.Folders)
	s, _ = parse(t, nil)
	assert.Empty(t, s.Folders)
	_, wrong = parse(t, nil, "-folder", "a\x00", "-folder", "b\x00")
	assert.Len(t, wrong, 2, "each that is wrong")
}

func TestValuesOfEachKind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  []string
		field func(*sample) any
		want  any
	}{
		"duration":           {[]string{"-interval=90s"}, func(s *sample) any { return s.Interval }, 90 * time.Second},
		"word instead":       {[]string{"-interval=never"}, func(s *sample) any { return s.Interval }, time.Duration(-1)},
		"number":             {[]string{"-speed=2.5"}, func(s *sample) any { return s.Speed }, 2.5},
		"list":               {[]string{"-names= x ,y"}, func(s *sample) any { return s.Names }, []string{"x", "y"}},
		"empty list":         {[]string{"-names="}, func(s *sample) any { return s.Names }, []string(nil)},
		"list by default":    {nil, func(s *sample) any { return s.Names }, []string{"a", "b"}},
		"address":            {[]string{"-listen=[::1]:0"}, func(s *sample) any { return s.Address }, "[::1]:0"},
		"file":               {[]string{"-file=a/b"}, func(s *sample) any { return s.File }, "a/b"},
		"switch":             {[]string{"-v"}, func(s *sample) any { return s.Verbose }, true},
		"switch off":         {[]string{"-v=0"}, func(s *sample) any { return s.Verbose }, false},
		"word, in any case":  {[]string{"-log-format=JSON"}, func(s *sample) any { return s.Logging.Format }, "json"},
		"level":              {[]string{"-log-level=warn"}, func(s *sample) any { return s.Logging.Level }, slog.LevelWarn},
		"formats by default": {nil, func(s *sample) any { return s.Logging }, settings.Logging{Format: "text"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, wrong := parse(t, nil, c.args...)
			assert.Empty(t, wrong)
			assert.Equal(t, c.want, c.field(s))
		})
	}
}

func TestWrongValuesAreNamedWithTheirRemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  settingstest.Env
		arg  string
		want string
	}{
		{nil, "-port=65536", `SAMPLE_PORT or PORT (flag -port or -p) is "65536": give a whole number from 1 to 65535`},
		{settingstest.Env{"PORT": "x"}, "-v", `SAMPLE_PORT or PORT (flag -port or -p) is "x": give a whole number from 1 to 65535`},
		{settingstest.Env{"SAMPLE_NAME": "bad"}, "-v", `SAMPLE_NAME is "bad", which is not good: give another value`},
		{settingstest.Env{"SAMPLE_NAME": "a\tb"}, "-v", `SAMPLE_NAME is "a\tb", which has a control character in it: give another value`},
		{nil, "-interval=5", `flag -interval is "5", which is not a duration with a unit: give a duration from 1s to 1h, or never`},
		{nil, "-interval=2h", `flag -interval is "2h": give a duration from 1s to 1h, or never`},
		{nil, "-speed=NaN", `flag -speed is "NaN": give a number from 0.5 to 100`},
		{nil, "-names=a,,b", `flag -names is "a,,b", which has nothing before or after a comma: give another value`},
		{nil, "-file=", `flag -file is "", which names no file: give the path of a file`},
		{nil, "-file=a/", `flag -file is "a/", which names no file: give the path of a file`},
		{nil, "-listen=a", `flag -listen is "a", which is not HOST:PORT: give HOST:PORT, or :PORT for all addresses`},
		{nil, "-listen=a:http", `flag -listen is "a:http", which has no port from 0 to 65535: give HOST:PORT, or :PORT for all addresses`},
		{nil, "-v=maybe", `flag -v is "maybe": give true or false`},
		{nil, "-log-format=xml", `LOG_FORMAT (flag -log-format) is "xml": give text or json`},
		{nil, "-log-level=loud", `LOG_LEVEL (flag -log-level) is "loud": give debug, info, warn or error`},
		{nil, "-prot=1", `command line has the unknown flag -prot: did you mean -port?`},
		{nil, "-interval", `command line has nothing after the flag -interval: give it a value, -name=value`},
		{nil, "stray", `command line has the argument "stray": give settings as flags, -name=value`},
		{nil, "-x", `command line has the unknown flag -x: "sample run -h" lists those that there are`},
		{settingstest.Env{"SAMPLE_TOKEN": "hush hush"}, "-v", `SAMPLE_TOKEN has a value (not shown) with a space, a line break or a character that is not ASCII in it: give a word without spaces`},
	} {
		_, wrong := parse(t, c.env, c.arg)
		if assert.Len(t, wrong, 1, c.want) {
			assert.Equal(t, c.want, wrong[0].Error())
		}
	}
}

func TestSecretsComeFromTheFirstPlaceThatHasThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(content string) string {
		path := filepath.Join(dir, fmt.Sprintf("%x", content))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	for name, c := range map[string]struct {
		env  settingstest.Env
		args []string
		want string
	}{
		"none":                        {nil, nil, ""},
		"the variable":                {settingstest.Env{"SAMPLE_TOKEN": "a"}, nil, "a"},
		"a file, trimmed":             {settingstest.Env{"SAMPLE_TOKEN_FILE": file(" c \r\n\n")}, nil, "c"},
		"the variable, not its file":  {settingstest.Env{"SAMPLE_TOKEN": "a", "SAMPLE_TOKEN_FILE": "/nonexistent"}, nil, "a"},
		"the flag, not the variables": {settingstest.Env{"SAMPLE_TOKEN": "a", "SAMPLE_TOKEN_FILE": "/nonexistent"}, []string{"-token-file", file("e")}, "e"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, wrong := parse(t, c.env, c.args...)
			assert.Empty(t, wrong)
			assert.Equal(t, c.want, s.Token)
		})
	}
	s, wrong := parse(t, nil, "-word-file", file("w\n"))
	assert.Empty(t, wrong)
	assert.Equal(t, "w", s.Word, "a secret without a variable")
	for path, problem := range map[string]string{"/nonexistent": "no such file", file("\n"): "is empty"} {
		_, wrong = parse(t, settingstest.Env{"SAMPLE_TOKEN_FILE": path}, "-word-file", path)
		if assert.Len(t, wrong, 2) {
			assert.Equal(t, "SAMPLE_TOKEN_FILE", wrong[0].Setting)
			assert.Equal(t, "flag -word-file", wrong[1].Setting)
			assert.Contains(t, wrong[0].Problem, problem)
			assert.Contains(t, wrong[1].Problem, problem)
		}
	}
}

func TestRequiredSecretsAndValuesAreMissed(t *testing.T) {
	t.Parallel()
	set := settings.New("sample", "", settingstest.Env{"B": " "}.Get)
	var a, b, c string
	settings.AddSecret(set, &a, settings.Spec{Flag: "a-file", Env: "A", Help: "the word", Required: true})
	settings.AddSecret(set, &c, settings.Spec{Flag: "c-file", Help: "the other word", Required: true})
	settings.Add(set, &b, settings.Spec{Flag: "b", Env: "B", Required: true}, settings.Path())
	assert.EqualError(t, settingstest.Parse(t.Context(), set, nil, io.Discard), `sample cannot start with 3 wrong settings:
  A is missing: give a word without spaces, or name a file that holds it in A_FILE (flag -a-file)
  flag -c-file is missing: name a file that holds the other word
  B (flag -b) is missing: give a path
Run "sample -h" for help.`)
}

func TestChecksFollowTheSettingsTheyNeed(t *testing.T) {
	t.Parallel()
	declare := func() (*settings.Set, *int, *settings.Setting) {
		set, checked := settings.New("sample", "", settingstest.Env{}.Get), new(int)
		low, high := 1, 2
		first := settings.Add(set, &low, settings.Spec{Flag: "low"}, settings.Int(1, 9))
		second := settings.Add(set, &high, settings.Spec{Flag: "high"}, settings.Int(1, 9))
		set.Check(func() {
			*checked++
			if high < low {
				second.Wrong("is too low")
			}
		}, first, second)
		set.Check(func() { *checked++ }, second)
		return set, checked, first
	}
	set, checked, low := declare()
	require.NoError(t, settingstest.Parse(t.Context(), set, []string{"-high=5"}, io.Discard))
	assert.Equal(t, 2, *checked)
	assert.False(t, low.Given())

	set, checked, low = declare()
	assert.ErrorContains(t, settingstest.Parse(t.Context(), set, []string{"-low=5"}, io.Discard), "flag -high is too low: give a whole number from 1 to 9")
	assert.Equal(t, 1, *checked, "a check may depend on another one")
	assert.True(t, low.Given())

	set, checked, _ = declare()
	assert.Len(t, settingstest.Errors(t, settingstest.Parse(t.Context(), set, []string{"-high=x"}, io.Discard)), 1)
	assert.Zero(t, *checked)
}

// limits is a configuration of a package.
type limits struct{ Low, High, Other int }

// Validate reports what is out of range.
func (l limits) Validate() error {
	errs := []error{configerr.Between("Low", l.Low, 1, 9), configerr.Between("High", l.High, l.Low, 9), configerr.Between("Other", l.Other, 0, 0)}
	return errors.Join(errs...)
}

func TestPackagesValidateTheirConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  []string
		other int
		want  []string
	}{
		{nil, 0, nil},
		{[]string{"-low=5"}, 0, []string{"flag -high is 2: set it to 5 to 9"}},
		{[]string{"-low=x"}, 0, []string{`flag -low is "x": give a whole number from 0 to 99`}},
		{[]string{"-low=0"}, 1, []string{"flag -low is 0: set it to 1 to 9", "Other is 1: set it to 0 to 0"}},
	} {
		set, cfg := settings.New("sample", "", settingstest.Env{}.Get), limits{Low: 1, High: 2, Other: c.other}
		settings.Add(set, &cfg.Low, settings.Spec{Flag: "low"}, settings.Int(0, 99))
		settings.Add(set, &cfg.High, settings.Spec{Flag: "high"}, settings.Int(0, 99))
		settings.Validate(set, &cfg)
		err := settingstest.Parse(t.Context(), set, c.args, io.Discard)
		if c.want == nil {
			require.NoError(t, err)
			continue
		}
		var got []string
		for _, wrong := range settingstest.Errors(t, err) {
			got = append(got, wrong.Error())
		}
		assert.Equal(t, c.want, got)
	}
}

func TestOperandsMayStandAmongFlags(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"a", "2", "-v", "--", "ls", "-v"}, {"-v", "a", "2", "--", "ls", "-v"}, {"a", "-v", "2", "--", "ls", "-v"},
	} {
		set, s := declare(nil)
		settings.AddOperand(set, &s.File, settings.Spec{Arg: "DIR", Required: true}, settings.File())
		settings.AddOperand(set, &s.Port, settings.Spec{}, settings.Port())
		set.Rest(&s.Operands, "[-- COMMAND]")
		assert.Equal(t, "[flags] DIR [PORT] [-- COMMAND]", set.Usage())
		require.NoError(t, settingstest.Parse(t.Context(), set, args, io.Discard))
		assert.Equal(t, "a", s.File)
		assert.Equal(t, 2, s.Port)
		assert.True(t, s.Verbose)
		assert.Equal(t, []string{"ls", "-v"}, s.Operands)
	}
	set, s := declare(nil)
	settings.AddOperand(set, &s.File, settings.Spec{Arg: "DIR", Required: true}, settings.File())
	var problems []string
	for _, args := range [][]string{{}, {"a/"}, {"a", "b"}} {
		for _, wrong := range settingstest.Errors(t, settingstest.Parse(t.Context(), set, args, io.Discard)) {
			problems = append(problems, wrong.Error())
		}
		set, _ = declare(nil)
		settings.AddOperand(set, &s.File, settings.Spec{Arg: "DIR", Required: true}, settings.File())
	}
	assert.Equal(t, []string{
		"DIR is missing: give the path of a file",
		`DIR is "a/", which names no file: give the path of a file`,
		`command line has the argument "b": give no more than sample run [flags] DIR`,
	}, problems)
}

func TestWhatFollowsACommandIsItsOwn(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-v", "--", "ls", "-v", "--", "-x=1"}, {"--v", "ls", "-v", "--", "-x=1"}} {
		set, s := declare(nil)
		set.Rest(&s.Operands, "-- COMMAND [ARGUMENT...]")
		require.NoError(t, settingstest.Parse(t.Context(), set, args, io.Discard))
		assert.True(t, s.Verbose)
		assert.Equal(t, []string{"ls", "-v", "--", "-x=1"}, s.Operands)
	}
}

func TestValuesThatMayHoldASecretAreNotShown(t *testing.T) {
	t.Parallel()
	set, value := settings.New("sample", "", settingstest.Env{}.Get), ""
	settings.Add(set, &value, settings.Spec{Flag: "url", Remedy: "give another"}, settings.Kind[string]{
		Parse: func(string) (string, error) { return "", settings.Hidden("has a password in it") },
	})
	wrong := settingstest.Errors(t, settingstest.Parse(t.Context(), set, []string{"-url=hush"}, io.Discard))
	assert.Equal(t, []settings.SettingError{{Setting: "flag -url", Problem: "has a password in it (value not shown)", Remedy: "give another"}}, wrong)
}

func TestRedactedStructsDoNotPrintSecrets(t *testing.T) {
	t.Parallel()
	value := struct {
		settings.Redacted
		Token string
	}{Token: "hush"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, "settings (not shown)", fmt.Sprintf(verb, value))
	}
}

func TestShortTokensAreWarnedOf(t *testing.T) {
	t.Parallel()
	for token, warnings := range map[string]int{"": 0, "x": 1, "123456789012345": 1, "1234567890123456": 0} {
		set, _ := declare(settingstest.Env{"SAMPLE_TOKEN": token})
		require.NoError(t, settingstest.Parse(t.Context(), set, nil, io.Discard))
		assert.Len(t, set.Warnings(), warnings, token)
		assert.NotContains(t, strings.Join(set.Warnings(), ""), "12345")
	}
}

func TestSettingsReportWhatIsFoundLater(t *testing.T) {
	t.Parallel()
	set, path := settings.New("sample", "", settingstest.Env{}.Get), ""
	s := settings.Add(set, &path, settings.Spec{Flag: "dir", Env: "DIR", Remedy: "name another"}, settings.Path())
	wrong := settingstest.Errors(t, s.NewError("cannot be used"))
	assert.Equal(t, []settings.SettingError{{Setting: "DIR (flag -dir)", Problem: "cannot be used", Remedy: "name another"}}, wrong)
}

func TestLoggerFollowsFormatAndLevel(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := settings.Logging{Format: "json", Level: slog.LevelWarn}.NewLogger(&out)
	logger.Info("quiet")
	assert.Empty(t, out.String())
	logger.Warn("loud")
	var line map[string]string
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	assert.Equal(t, "loud", line["msg"])
}
