function evict(client) {
  const us = client.lastKnown();
  const out = {};
  out["evict_time_us"] = us;
  return out;
}

console.log(JSON.stringify(evict(connect())));
