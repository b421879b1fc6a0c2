package monitoring_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A dashboard is the part of Grafana's dashboard schema, version 1, that ours
// use. Fields that are not here are refused: Grafana would ignore a misspelt
// one, and newer versions drop old ones.
type dashboard struct {
	UID           string    `json:"uid"`
	Title         string    `json:"title"`
	Description   string    `json:"description"`
	Tags          []string  `json:"tags"`
	Timezone      string    `json:"timezone"`
	Editable      bool      `json:"editable"`
	GraphTooltip  int       `json:"graphTooltip"`
	SchemaVersion int       `json:"schemaVersion"`
	Version       int       `json:"version"`
	Refresh       string    `json:"refresh"`
	Time          timeRange `json:"time"`
	Timepicker    struct{}  `json:"timepicker"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Links       []link `json:"links"`
	Annotations struct {
		List []annotation `json:"list"`
	} `json:"annotations"`
	Panels []panel `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type variable struct {
	Name        string     `json:"name"`
	Type        string     `json:"type"`
	Label       string     `json:"label"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	Definition  string     `json:"definition"`
	Query       struct {
		Query string `json:"query"`
		RefID string `json:"refId"`
	} `json:"query"`
	Hide        int        `json:"hide"`
	Refresh     int        `json:"refresh"`
	Regex       string     `json:"regex"`
	Sort        int        `json:"sort"`
	Multi       bool       `json:"multi"`
	IncludeAll  bool       `json:"includeAll"`
	SkipURLSync bool       `json:"skipUrlSync"`
	Options     []struct{} `json:"options"`
	Current     struct{}   `json:"current"`
}

type link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	URL         string   `json:"url"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	TargetBlank bool     `json:"targetBlank"`
	Tags        []string `json:"tags"`
}

type annotation struct {
	Name            string     `json:"name"`
	Type            string     `json:"type"`
	Datasource      datasource `json:"datasource"`
	BuiltIn         int        `json:"builtIn"`
	Enable          bool       `json:"enable"`
	Hide            bool       `json:"hide"`
	IconColor       string     `json:"iconColor"`
	Expr            string     `json:"expr"`
	Step            string     `json:"step"`
	TitleFormat     string     `json:"titleFormat"`
	TextFormat      string     `json:"textFormat"`
	TagKeys         string     `json:"tagKeys"`
	UseValueForTime bool       `json:"useValueForTime"`
	Target          struct {
		Type     string   `json:"type"`
		Tags     []string `json:"tags"`
		MatchAny bool     `json:"matchAny"`
		Limit    int      `json:"limit"`
	} `json:"target"`
}

type panel struct {
	ID          int         `json:"id"`
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Datasource  *datasource `json:"datasource"`
	GridPos     gridPos     `json:"gridPos"`
	FieldConfig struct {
		Defaults  fieldConfig     `json:"defaults"`
		Overrides []fieldOverride `json:"overrides"`
	} `json:"fieldConfig"`
	Options json.RawMessage `json:"options"` // differ by type of panel
	Targets []target        `json:"targets"`
}

type gridPos struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type fieldConfig struct {
	Unit  string   `json:"unit"`
	Min   *float64 `json:"min"`
	Max   *float64 `json:"max"`
	Color struct {
		Mode       string `json:"mode"`
		FixedColor string `json:"fixedColor"`
	} `json:"color"`
	Thresholds struct {
		Mode  string `json:"mode"`
		Steps []struct {
			Color string   `json:"color"`
			Value *float64 `json:"value"`
		} `json:"steps"`
	} `json:"thresholds"`
	Decimals *int   `json:"decimals"`
	NoValue  string `json:"noValue"`
	Mappings []struct {
		Type    string `json:"type"`
		Options map[string]struct {
			Text  string `json:"text"`
			Color string `json:"color"`
			Index int    `json:"index"`
		} `json:"options"`
	} `json:"mappings"`
	Custom json.RawMessage `json:"custom"` // differs by type of panel
}

type fieldOverride struct {
	Matcher struct {
		ID      string `json:"id"`
		Options string `json:"options"`
	} `json:"matcher"`
	Properties []struct {
		ID    string          `json:"id"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
}

type target struct {
	RefID        string     `json:"refId"`
	Datasource   datasource `json:"datasource"`
	EditorMode   string     `json:"editorMode"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
	Range        bool       `json:"range"`
	Instant      bool       `json:"instant"`
}

func (d dashboard) panel(id int) (panel, bool) {
	for _, p := range d.Panels {
		if p.ID == id {
			return p, true
		}
	}
	return panel{}, false
}

// dashboards returns all provisioned dashboards, read strictly.
func dashboards(t *testing.T) []dashboard {
	t.Helper()
	var boards []dashboard
	for _, path := range find(t, grafanaFiles+"/dashboards", "*.json") {
		decoder := json.NewDecoder(bytes.NewReader(read(t, path)))
		decoder.DisallowUnknownFields()
		var board dashboard
		require.NoError(t, decoder.Decode(&board), path)
		boards = append(boards, board)
	}
	require.Len(t, boards, 2)
	return boards
}

// queriesOf returns all queries that a dashboard sends to Prometheus.
func queriesOf(board dashboard) []string {
	var queries []string
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	for _, a := range board.Annotations.List {
		if a.Datasource.Type == "prometheus" {
			queries = append(queries, strings.ReplaceAll(a.Expr, "$__rate_interval", "20s"))
		}
	}
	return queries
}
