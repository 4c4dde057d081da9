// Writes kubernetes_types.json: the Go types by which the official plugin normalizes inputs. In that plugin's module:
// cd sandbox/tools/modules/pulumi-kubernetes && go run ../../../providers/kubernetes_types.go
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes/scheme"
)

const path = "../../../providers/kubernetes_types.json"

// Groups of what stacks declare, the first without a name: types of others have the same names.
var groups = "  admissionregistration.k8s.io apps autoscaling batch certificates.k8s.io coordination.k8s.io networking.k8s.io node.k8s.io policy " +
	"rbac.authorization.k8s.io scheduling.k8s.io storage.k8s.io "

var types = map[string]map[string]string{}
var packages = map[string]string{}

// spell writes a field's type: a struct's name, "quantity" or nothing, then "[]" in a list, "{}" in a map.
func spell(t reflect.Type) string {
	marshaler := reflect.TypeOf((*json.Marshaler)(nil)).Elem()
	switch {
	case t == reflect.TypeOf(resource.Quantity{}):
		return "quantity"
	case t.Kind() == reflect.Ptr:
		return spell(t.Elem())
	case t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) || t == reflect.TypeOf([]byte{}):
		return ""
	case t.Kind() == reflect.Struct:
		add(t)
		return t.Name()
	case t.Kind() == reflect.Slice:
		return spell(t.Elem()) + "[]"
	case t.Kind() == reflect.Map:
		return spell(t.Elem()) + "{}"
	}
	return ""
}

func add(t reflect.Type) {
	if known, ok := packages[t.Name()]; ok {
		if known != t.PkgPath() {
			panic(t.Name() + " is in " + known + " and in " + t.PkgPath())
		}
		return
	}
	packages[t.Name()] = t.PkgPath()
	types[t.Name()] = map[string]string{}
	collect(t, types[t.Name()])
}

// collect adds the fields of a struct; "?" marks those that are omitted when empty.
func collect(t reflect.Type, fields map[string]string) {
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		kind := field.Type.Kind()
		switch {
		case strings.Contains(options, "inline") && kind == reflect.Ptr:
			collect(field.Type.Elem(), fields)
		case strings.Contains(options, "inline"):
			collect(field.Type, fields)
		case strings.Contains(options, "omitempty") && kind != reflect.Ptr && kind != reflect.Struct:
			fields[name] = spell(field.Type) + "?"
		default:
			fields[name] = spell(field.Type)
		}
	}
}

func main() {
	for kind, t := range scheme.Scheme.AllKnownTypes() {
		object := kind.Version == "v1" && t.Kind() == reflect.Struct && strings.HasPrefix(t.PkgPath(), "k8s.io/api/")
		if _, top := t.FieldByName("ObjectMeta"); object && top && strings.Contains(groups, " "+kind.Group+" ") {
			add(t)
		}
	}
	names := []string{}
	for name := range types {
		names = append(names, name)
	}
	sort.Strings(names)
	lines := []string{}
	for _, name := range names {
		fields, err := json.Marshal(types[name])
		if err != nil {
			panic(err)
		}
		lines = append(lines, "\""+name+"\": "+string(fields))
	}
	if err := os.WriteFile(path, []byte("{\n"+strings.Join(lines, ",\n")+"\n}\n"), 0o644); err != nil {
		panic(err)
	}
}
