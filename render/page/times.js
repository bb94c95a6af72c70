// ---- numbers of nanoseconds as the pictures tell them: rows' times are in the data, as text, in the way that was asked for
const seconds = ns => {
  const n = BigInt(ns), a = n < 0n ? -n : n;
  return (n < 0n ? '-' : '') + a / 1000000000n + '.' + String(a % 1000000000n / 1000n).padStart(6, '0');
};
// The ways to tell when a row is, as the data name them.
const TIMES = ['seconds', '+seconds', 'UTC'];
// The time of a row that is ns after base, which is nanoseconds since 1970; before is the row before's, null where there is none. A
// call that was made before the first frame has no seconds: its place says enough.
function told(mode, base, ns, before, call) {
  if (ns == null) return '';
  const n = BigInt(ns);
  if (mode === '+seconds') return seconds(before == null ? 0 : n - BigInt(before));
  if (mode === 'seconds') return call && n < 0n ? '' : seconds(n);
  const us = (BigInt(base) + n) / 1000n % 86400000000n, two = (unit, of) => String(us / unit % of).padStart(2, '0');
  return two(3600000000n, 24n) + ':' + two(60000000n, 60n) + ':' + two(1000000n, 60n) + '.' + String(us % 1000000n).padStart(6, '0');
}
// Whole numbers only, so that halves are rounded up here and in Go.
function span(ns) {
  if (ns < 0) return '-' + span(-ns);
  const to = unit => Math.floor((ns + unit / 2) / unit), s = Math.floor(ns / 1e9), two = (n, big, name, small, unit) => Math.floor(n / big) + name + Math.floor(n % big / small) + unit;
  if (ns > 0 && ns < 1e3) return ns + ' ns';
  if (ns < 1e6) return Math.floor(ns / 1e3) + ' µs';
  if (ns < 1e7) return decimals(to(1e4), 2) + ' ms';
  if (ns < 1e9) return to(1e6) + ' ms';
  if (ns < 1e11) return decimals(to(1e6), 3) + ' s';
  if (s < 3600) return two(s, 60, ' min ', 1, ' s');
  return s < 48 * 3600 ? two(s, 3600, ' h ', 60, ' min') : two(s, 86400, ' days ', 3600, ' h');
}
function decimals(n, d) {
  const t = String(n).padStart(d + 1, '0');
  return t.slice(0, -d) + '.' + t.slice(-d);
}
