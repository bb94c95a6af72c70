package conn

// wellKnown is the first port that is not assigned by IANA to servers
// (RFC 6335, section 6).
const wellKnown = 1024

// portNFS is a server's even towards a port below 1024, as its clients have.
const portNFS = 2049

// serverPort tells how much a port is one that servers listen on: 3 for NFS, 2
// for those below 1024, 1 for what is registered above that and in wide use, which old
// systems gave to clients as well, else 0.
func serverPort(port uint16) int {
	switch {
	case port == 0: // nobody can listen there
		return 0
	case port < wellKnown:
		return 2
	case port == portNFS:
		return 3
	}
	switch port { // IANA's registry, and what the programs are known for
	case 1080, 1433, 1494, 1521, 1723, 1883, 1935, // SOCKS, SQL Server, Citrix, Oracle, PPTP, MQTT, RTMP
		2375, 2379, 2404, 3000, 3128, 3260, 3268, 3306, 3389, 3868, // Docker, etcd, IEC 104, web, Squid, iSCSI, LDAP, MySQL, RDP, Diameter
		4369, 4840, 5000, 5060, 5061, 5222, 5432, 5555, 5671, 5672, 5900, 5984, 5985, // EPMD, OPC UA, web, SIP, XMPP, PostgreSQL, adb, AMQP, VNC, CouchDB, WinRM
		6379, 6443, 6633, 6653, 6667, 7000, 8000, 8008, 8080, 8081, 8088, 8443, 8883, 8888, // Redis, Kubernetes, OpenFlow, IRC, Cassandra, web, MQTT in TLS
		9000, 9042, 9090, 9092, 9100, 9200, 9418, // web, Cassandra, Kafka, printers, Elasticsearch, Git
		11211, 20000, 27017, 44818, 47808: // memcached, DNP3, MongoDB, EtherNet/IP, BACnet
		return 1
	}
	return 0
}

// servesRather reports whether of two ports the first is rather the server's:
// the one that servers are known for, else the lower.
func servesRather(a, b uint16) bool {
	if x, y := serverPort(a), serverPort(b); x != y {
		return x > y
	}
	return a != 0 && (a < b || b == 0)
}
