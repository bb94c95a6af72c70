// The data is text only; whatever of it is shown is put into the page as text.
const D = JSON.parse(document.getElementById('data').textContent);
const SEGMENT = 0, ICMP = 1, NEIGHBOUR = 2, CALL = 3, NOTE = 4;
const HAS_ACK = 1, SHOW_SEQ = 2, AGAIN = 4, HANDSHAKE = 8;
const NS = 'http://www.w3.org/2000/svg';
// Measures of the ladder in em; of letters their width, of ordinary and of small ones, the height that no other text may touch, and from which slope on none is turned.
const ROW = 2.3, LINE = 1, SLANT = 1, FOLD = 10.6, FOLDED = 4.1, MAXDRAWN = 700, GAP = 1e9, LETTER = 0.5, SMALL = 0.45, TALL = 0.95, WIDE = 30, STEEP = 0.58;
const SIDES = ['client', 'server'];
const root = document.documentElement, file = document.getElementById('capture');

// ---- building blocks
function fill(e, attrs, kids) {
  for (const k in attrs) {
    const v = attrs[k];
    if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (v === true) e.setAttribute(k, '');
    else if (v !== false && v != null) e.setAttribute(k, v);
  }
  for (const c of kids) if (c != null) e.append(c);
  return e;
}
const el = (tag, attrs, ...kids) => fill(document.createElement(tag), attrs || {}, kids);
const sv = (tag, attrs, ...kids) => fill(document.createElementNS(NS, tag), attrs || {}, kids);
const clear = e => { while (e.firstChild) e.removeChild(e.firstChild); };
const clamp = (v, a, b) => Math.min(b, Math.max(a, v));
const button = (text, title, click, attrs) => el('button', Object.assign({ type: 'button', title, onclick: click }, attrs), text);

// ---- the model: events of a connection, read when it is first shown
function eventsOf(c) {
  if (c.read) return c.read;
  c.read = c.events.map((a, i) => {
    const e = { i, type: a[0], frame: [].concat(a[1])[0], file: [].concat(a[1])[1], ns: a[2], at: a[2] == null ? null : Number(a[2]), given: a[3], time: a[3], from: a[4], text: D.texts[a[5]] };
    e.leaves = e.arrives = e.at;
    if (e.type !== SEGMENT) { e.packet = a[6]; e.comments = textsOf(a[7]); e.kind = 'x'; return e; }
    Object.assign(e, { payload: e.text, kind: D.kinds[a[6]], labels: labelsIn(a[7]), dup: a[8], states: [a[9], a[10]], before: [a[11], a[12]],
      flags: a[13], seq: a[14], len: a[15], ack: a[16], win: a[17], flight: a[18], rtt: a[19], sentence: D.texts[a[20]], app: D.texts[a[21]],
      sack: a[22], packet: a[23], options: D.texts[a[24]], comments: textsOf(a[25]) });
    if (c.path && e.at != null) {
      e.leaves = e.at - c.path[e.from]; e.arrives = e.at + c.path[1 - e.from];
    }
    return e;
  });
  let s = [0, 0], prior = null;
  for (const e of c.read) {
    if (e.states) s = e.states; else e.states = s;
    e.last = s;
    e.prior = prior;
    if (e.ns != null && !(e.type === NOTE && e.from)) prior = e.ns;
  }
  return c.read;
}
const textsOf = list => (list || []).map(n => D.texts[n]);
function labelsIn(mask) {
  const out = [];
  for (let i = 0; i < D.labels.length; i++) if (mask & 1 << i) out.push(D.labels[i]);
  return out;
}
// What must be said of a row, in pieces that stay whole when it is broken into lines.
function wordsOf(e) {
  if (e.type !== SEGMENT) return e.text.split(' ');
  const w = [e.len ? e.kind + ' ' + e.len + ' B' : e.kind];
  if (e.flags & SHOW_SEQ) w.push('seq=' + e.seq);
  if (e.flags & HAS_ACK) w.push('ack=' + e.ack);
  for (const l of e.labels) if (l !== 'time-wait' && l !== 'refused') w.push(l === 'dup-ack' ? l + ' #' + e.dup : l);
  return w;
}
const timeOf = e => (S.times === '+seconds' && e.time && e.time[0] !== '-' ? '+' : '') + e.time;
// Tells the times of a connection's rows as S.times asks for.
function tellTimes(c) {
  for (const e of eventsOf(c)) e.time = S.times === D.times ? e.given : told(S.times, c.base, e.ns, e.prior, e.type === CALL);
  c.left = null;
}
// Frames are counted in each file: where there are several, a row has its file's tag, and a sentence its name.
const numberOf = e => !e.frame ? '' : e.file == null ? String(e.frame) : 'f' + (e.file + 1) + ' ' + e.frame;
const frameName = e => e.file == null ? String(e.frame) : e.frame + ' in ' + D.files[e.file];
const rowText = e => wordsOf(e).join(' ');
// The lines of a row's text, each of no more than cols columns: first what must be said, then layer 7, and the options where
// they fit; those of a SYN, which count for all that follows, always where there is some room.
function linesOf(e, cols) {
  if (e.lines && e.cols === cols) return e.lines;
  const out = [''];
  const add = w => { const i = out.length - 1, t = out[i] ? out[i] + ' ' + w : w; if (t.length <= cols || !out[i]) out[i] = t; else out.push(w); };
  wordsOf(e).forEach(add);
  if (e.payload && e.type === SEGMENT) {
    if (e.payload.length <= cols) add(e.payload); else { out.push(''); cutTo(e.payload, 2 * cols - 8).split(' ').forEach(add); }
  }
  if (e.options) for (const w of e.options.split(' ')) { const t = out[out.length - 1] + ' ' + w; if (t.length <= cols) out[out.length - 1] = t; else if (e.kind.startsWith('SYN') && cols >= WIDE) add(w); else break; }
  for (const c of e.comments) out.push(cutTo('comment: ' + c, cols));
  e.cols = cols;
  return e.lines = out.map(t => cutTo(t, cols));
}
const cutTo = (t, n) => t.length <= n ? t : t.slice(0, Math.max(1, n - 1)) + '…';
const timeSpoken = e => !e.time ? '' : S.times === 'UTC' ? 'at ' + e.time + ' UTC, ' : e.time + (S.times === 'seconds' ? ' seconds, ' : ' seconds later, ');
function spoken(e) {
  const who = e.type === SEGMENT ? SIDES[e.from] + ' to ' + SIDES[1 - e.from] + ': ' : e.type === CALL ? SIDES[e.from] + ': ' : '';
  return (e.frame ? 'frame ' + frameName(e) + ', ' : '') + timeSpoken(e) + who + rowText(e) +
    (e.type === SEGMENT ? '. ' + e.sentence : '') + e.comments.map(t => ' Comment: ' + t).join('');
}
function bytesIn(n) { // as where there is no script
  if (n < 10000) return (n < 1000 ? n : Math.floor(n / 1000) + ',' + String(n % 1000).padStart(3, '0')) + ' B';
  for (const unit of ['kB', 'MB', 'GB']) {
    n /= 1000;
    if (n < 999.95) return n.toFixed(1) + ' ' + unit;
  }
  return (n / 1000).toFixed(1) + ' TB';
}
function utc(c, e) {
  if (c.base == null || e.at == null) return 'not recorded';
  const t = BigInt(c.base) + BigInt(e.ns), s = t / 1000000000n, ns = t % 1000000000n;
  return new Date(Number(s) * 1000).toISOString().slice(0, 19) + '.' + String(ns).padStart(9, '0') + 'Z';
}
function decode(b64) {
  const s = atob(b64), out = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) out[i] = s.charCodeAt(i);
  return out;
}
function layersOf(p) {
  const out = [];
  for (let i = 8; i < p.length; i++) {
    const a = p[i], shape = D.shapes[a[0]], fields = [];
    for (let j = 2, k = 4; j < shape.length; j += 3, k++) {
      const v = a[k];
      let value = v, meaning = '';
      if (Array.isArray(v)) { value = v[0]; meaning = D.texts[v[1]]; }
      else if (typeof v === 'number' && v < 0) {
        const t = D.texts[-1 - v], cut = t.lastIndexOf('\n');
        value = t.slice(0, cut); meaning = t.slice(cut + 1);
      }
      fields.push({ name: shape[j], bit: shape[j + 1], bits: shape[j + 2], value: String(value), meaning });
    }
    out.push({ name: shape[0], osi: shape[1], off: a[1], len: a[2], joined: a[3], fields });
  }
  return out;
}
