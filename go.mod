module tcpsee

go 1.26
