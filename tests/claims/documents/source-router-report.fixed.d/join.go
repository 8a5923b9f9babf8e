package main

import (
	"fmt"
	"time"
)

func main() {
	begin := time.Now()
	announce()
	spent := time.Since(begin)
	out := map[string]float64{}
	out["join_time_ms"] = float64(spent.Microseconds()) / 1e3
	fmt.Println(out, spent)
}
