package main

import (
	"fmt"
	"math/rand"
	"time"
)

func main() {
	begin := time.Now()
	hops := lookup()
	out := map[string]float64{}
	out["route_time_us"] = float64(time.Since(begin).Nanoseconds()) / 1e3 / float64(hops)
	fmt.Println(out)
}
