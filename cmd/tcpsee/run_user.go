//go:build unix

package main

import (
	"os/user"
	"strconv"

	"tcpsee/capture/drive"
)

// wrapUser is whom a wrapped command runs as: who called sudo, else nil for
// who runs tcpsee.
func wrapUser() *drive.WrapUser {
	own := invokingUser()
	if own == nil {
		return nil
	}
	w := &drive.WrapUser{UID: uint32(own.UID), GID: uint32(own.GID)}
	if u, err := user.LookupId(strconv.Itoa(own.UID)); err == nil {
		ids, _ := u.GroupIds()
		for _, id := range ids {
			if g, err := strconv.ParseUint(id, 10, 32); err == nil {
				w.Groups = append(w.Groups, uint32(g))
			}
		}
	}
	return w
}
