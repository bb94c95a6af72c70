package conn

// appFacts is what layer 7 told about a connection.
type appFacts struct{}

// appStream reads one direction of a connection in order.
type appStream struct{}
