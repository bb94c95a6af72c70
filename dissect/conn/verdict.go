package conn

// judge says what became of a connection.
func judge(c *Connection, f *facts) Verdict {
	return Verdict{}
}
