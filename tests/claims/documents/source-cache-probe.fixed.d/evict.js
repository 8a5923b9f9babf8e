function evict(client) {
  const us = JSON.parse(fs.readFileSync("trace.json")).evict_us;
  const out = {};
  out["evict_time_us"] = us;
  return out;
}

console.log(JSON.stringify(evict(connect())));
