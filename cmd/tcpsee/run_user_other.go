//go:build !unix

package main

import "tcpsee/capture/drive"

// wrapUser is nobody else: there is no sudo here.
func wrapUser() *drive.WrapUser { return nil }
