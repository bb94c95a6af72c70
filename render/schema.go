package render

import _ "embed"

// SchemaVersion is the version of Schema. It changes when a name of the
// objects goes or means something else; names may be added without that.
const SchemaVersion = 1

//go:embed schema/tcpsee-1.json
var schema string

// Schema is the JSON Schema (draft 2020-12) of the objects that NewNDJSON and
// NewJSON write.
func Schema() string { return schema }
