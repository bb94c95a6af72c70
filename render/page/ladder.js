// ---- where rows stand
function place() {
  if (S.time && S.ev.some(e => e.at != null)) placeInTime(); else placeEvenly();
}
// What depends on the size of the box and of its letters: where the lanes are, and how many letters fit between them.
function measure() {
  const em = parseFloat(getComputedStyle(root).fontSize), w = ui.box.clientWidth, narrow = w < 33 * em, left = leftOf(S.c);
  const L = (narrow ? 5.7 : left.time + 6.7) * em, R = w - (narrow ? 6.1 : 6.6) * em;
  return { em, w, narrow, left, L, R, cols: Math.max(8, Math.floor((R - L - 1.2 * em) / (LETTER * em))) };
}
// Where the numbers of a connection's rows end, and their times.
function leftOf(c) {
  if (c.left) return c.left;
  let number = 0, time = 0;
  for (const e of eventsOf(c)) { number = Math.max(number, numberOf(e).length); time = Math.max(time, timeOf(e).length); }
  const at = Math.max(2.6, 0.4 + SMALL * number);
  return c.left = { number: at, time: Math.max(7.9, at + 0.7 + SMALL * time) };
}
// Even spacing: each row has the room that its lines need; zoom is the room between rows.
function placeEvenly() {
  const m = measure(), em = m.em;
  let y = 0.3 * em, last = null;
  G.ys = []; G.gaps = []; G.boxes = []; G.slack = 0;
  for (const e of S.ev) {
    if (last != null && e.at != null && e.at - last >= GAP) { G.gaps.push([y + 0.4 * em, span(e.at - last)]); y += 1.7 * em; }
    if (e.at != null) last = e.at;
    const top = y, at = y + (0.5 * (ROW - LINE) * S.zoom + LINE * linesOf(e, m.cols).length) * em;
    G.ys.push([at, e.arrives > e.leaves ? at + SLANT * em : at]);
    y = G.ys[G.ys.length - 1][1] + 0.5 * (ROW - LINE) * S.zoom * em;
    G.boxes.push([top, y - top]);
    G.slack = Math.max(G.slack, y - top);
  }
  G.height = y + 0.8 * em;
}
// True time: distances are times, and what is longer than FOLD is folded; zoomed in, what is longer than more.
function placeInTime() {
  const times = [];
  for (const e of S.ev) if (e.at != null) times.push(e.leaves, e.arrives);
  times.sort((a, b) => a - b);
  const steps = [];
  for (let i = 1; i < times.length; i++) if (times[i] > times[i - 1]) steps.push(times[i] - times[i - 1]);
  steps.sort((a, b) => a - b);
  // An arrow falls by no more than a part of the box, so that both of its ends are in sight.
  const way = S.c.path ? S.c.path[0] + S.c.path[1] : 0, em = measure().em;
  const scale = Math.min(2.1 * em / (steps[Math.floor(steps.length / 2)] || 1), way ? 0.4 * ui.box.clientHeight / way : Infinity) * S.zoom;
  const at = [], ys = [];
  G.gaps = []; G.boxes = null;
  const y0 = Math.max(1.9, 0.4 + linesOf(S.ev[0], measure().cols).length) * em, fold = FOLD * em * clamp(S.zoom, 1, 6);
  let y = y0;
  for (let i = 0; i < times.length; i++) {
    if (i > 0) {
      const px = (times[i] - times[i - 1]) * scale;
      if (px > fold) { G.gaps.push([y + em, span(times[i] - times[i - 1])]); y += FOLDED * em; } else y += px;
    }
    at.push(times[i]); ys.push(y);
  }
  const yOf = t => {
    let lo = 0, hi = at.length - 1;
    while (lo < hi) { const m = lo + hi >> 1; if (at[m] < t) lo = m + 1; else hi = m; }
    return ys[lo];
  };
  let before = y0;
  G.slack = 60;
  G.ys = S.ev.map(e => {
    if (e.at == null) return [before, before];
    const p = [yOf(e.leaves), yOf(e.arrives)];
    G.slack = Math.max(G.slack, p[1] - p[0] + 40);
    before = p[0];
    return p;
  });
  G.height = y + 40;
}
const midOf = i => (G.ys[i][0] + G.ys[i][1]) / 2;

// ---- the ladder: only what is in sight is drawn
let pending = 0;
function draw() { if (!pending) pending = requestAnimationFrame(() => { pending = 0; drawNow(); }); }
function range(top, bottom) {
  let lo = 0, hi = G.ys.length;
  while (lo < hi) { const m = lo + hi >> 1; if (midOf(m) < top - G.slack) lo = m + 1; else hi = m; }
  const out = [];
  for (let i = lo; i < G.ys.length && midOf(i) <= bottom + G.slack && out.length < MAXDRAWN; i++) if (visible(i)) out.push(i);
  return out;
}
const visible = i => !S.hide || i <= S.sel;
function stateClass(name) {
  if (name === 'ESTABLISHED') return 's-open';
  if (name.startsWith('SYN')) return 's-begin';
  return name === '?' || name === 'CLOSED' || name === 'LISTEN' ? 's-none' : 's-close';
}
function drawNow() {
  const m = measure(), { em, L, R, w } = m, top = ui.box.scrollTop, h = ui.box.clientHeight;
  ui.rows.style.height = G.height + 'px';
  const list = range(top, top + h);
  const rows = document.createDocumentFragment(), f = document.createDocumentFragment();
  lanes(f, list, L, R, top, h);
  for (const i of list) rows.append(optionOf(i, em));
  const texts = new Texts(em), room = {};
  let last = -99;
  for (const i of list) { const y = midOf(i); room[i] = Math.floor((y - last) / (TALL * em)); last = y; } // lines between it and the arrow above it
  if (S.sel in room) row(f, texts, S.sel, m, top, Math.max(1, room[S.sel])); // first, so that no other takes its place
  const gaps = G.gaps.filter(g => g[0] > top - 60 && g[0] < top + h + 60 && (!S.hide || g[0] < G.ys[S.sel][0] + 8));
  for (const [y] of gaps) {
    for (const x of [L, R]) f.append(sv('line', { x1: x, x2: x, y1: y - 2 - top, y2: y + 12 - top, stroke: 'var(--paper)', 'stroke-width': 6, 'stroke-dasharray': '3 3' }));
  }
  for (const i of list) if (i !== S.sel) row(f, texts, i, m, top, room[i]);
  // Where an arrow is on its way while time is folded, its text has the middle.
  for (const [y, t] of gaps) [0.5, 0.16, 0.84].some(x => texts.put([{ x: L + x * (R - L), y: y + 0.62 * em - top, t: '· · ·  ' + t + '  · · ·', anchor: 'middle', cls: 'soft small' }]));
  texts.later.forEach(t => texts.put(t));
  f.append(texts.f);
  clear(ui.rows); clear(ui.svg);
  ui.rows.append(rows);
  ui.svg.append(f);
  ui.svg.setAttribute('width', w); ui.svg.setAttribute('height', h);
  ui.svg.style.transform = 'translateY(' + top + 'px)';
  if (!performance.getEntriesByName('first picture').length) performance.mark('first picture');
  if (list.includes(S.sel)) ui.rows.setAttribute('aria-activedescendant', 'o' + S.sel); else ui.rows.removeAttribute('aria-activedescendant');
}
function optionOf(i, em) {
  const o = el('div', { role: 'option', id: 'o' + i, 'data-i': i, 'aria-selected': i === S.sel ? 'true' : 'false', 'aria-posinset': i + 1, 'aria-setsize': S.ev.length,
    'aria-label': spoken(S.ev[i]) });
  let box = G.boxes && G.boxes[i];
  if (!box) {
    const next = i + 1 < G.ys.length ? midOf(i + 1) - midOf(i) : 2 * em, hgt = clamp(next, 5, 2 * em);
    box = [midOf(i) - Math.min(hgt / 2, 0.9 * em), hgt];
  }
  o.style.top = box[0] + 'px';
  o.style.height = box[1] + 'px';
  return o;
}
function lanes(f, list, L, R, top, h) {
  const xs = [L, R];
  for (const k of [0, 1]) {
    const first = list.length ? list[0] : 0;
    let state = D.states[first > 0 ? S.ev[first - 1].last[k] : 0], y = -10;
    const seg = to => { if (to > y) f.append(sv('line', { x1: xs[k], x2: xs[k], y1: y, y2: Math.max(y, to), 'stroke-width': 6, class: stateClass(state) })); y = Math.max(y, to); };
    for (const i of list) {
      const e = S.ev[i], now = D.states[e.last[k]];
      if (e.type !== SEGMENT || now === state) continue;
      seg(G.ys[i][e.from === k ? 0 : 1] - top);
      state = now;
    }
    const end = S.hide ? G.ys[S.sel] ? G.ys[S.sel][1] + 14 - top : 0 : G.height - 8 - top;
    seg(Math.min(h + 10, end));
  }
}
// The texts of a picture. What would touch one that stands already is left out; with even spacing each row has room for its own.
class Texts {
  constructor(em) { this.f = document.createDocumentFragment(); this.em = em; this.stand = []; this.later = []; }
  // put writes all of a list or none, and says which. Each has x, y, t, its anchor and its classes; slope and about turn it, and word is
  // its beginning that has a colour of its own.
  put(list) {
    const em = this.em, strips = list.map(t => {
      const w = t.t.length * em * (t.cls && t.cls.includes('small') ? SMALL : LETTER), a = t.anchor === 'end' ? t.x - w : t.anchor === 'start' ? t.x : t.x - w / 2;
      return { a, b: a + w, x: t.x, y: t.y - 0.28 * em, slope: t.slope || 0 };
    });
    if (!G.boxes && strips.some(s => this.stand.some(o => touch(s, o, TALL * em)))) return false;
    this.stand.push(...strips);
    for (const { x, y, t, anchor, cls, slope, about, word, colour } of list) {
      const n = sv('text', { x, y, 'text-anchor': anchor, class: cls, transform: slope ? 'rotate(' + [Math.atan(slope) * 180 / Math.PI, ...about].map(v => v.toFixed(2)).join(' ') + ')' : null });
      if (word) n.append(sv('tspan', { class: colour, 'font-weight': 'bold' }, word));
      n.append(word ? t.slice(word.length) : t);
      this.f.append(n);
    }
    return true;
  }
}
// Two strips of text touch where somewhere above each other less than tall lies between their middles, which are straight lines.
function touch(a, b, tall) {
  const from = Math.max(a.a, b.a), to = Math.min(a.b, b.b);
  if (from >= to) return false;
  const apart = x => a.y + (x - a.x) * a.slope - b.y - (x - b.x) * b.slope, u = apart(from), v = apart(to);
  return u * v <= 0 || Math.min(Math.abs(u), Math.abs(v)) < tall * Math.hypot(1, Math.max(Math.abs(a.slope), Math.abs(b.slope)));
}
// One row: its arrow, its lines of text above that as far as there is room, number and time, states that it changes.
function row(f, texts, i, m, top, room) {
  const e = S.ev[i], { em, narrow, L, R } = m, [y1, y2] = G.ys[i].map(y => y - top), mid = (y1 + y2) / 2;
  const cls = 'k-' + (e.type === SEGMENT ? e.kind : 'x'), lines = linesOf(e, m.cols);
  const most = at => { // all lines, or the first, or none
    if ((G.boxes || room >= lines.length) && texts.put(at(lines))) return;
    if (lines.length > 1 && room > 0) texts.put(at(lines.slice(0, 1)));
  };
  if (e.type === NOTE || e.type === CALL) {
    const [x, anchor, c] = e.type === NOTE ? [(L + R) / 2, 'middle', 'soft'] : e.from ? [R - 0.7 * em, 'end', 'k-x'] : [L + 0.7 * em, 'start', 'k-x'];
    most(l => l.map((t, k) => ({ x, y: mid + 0.25 * em - (l.length - 1 - k) * LINE * em, t, anchor, cls: c })));
    marks(texts, e, m, mid);
    return;
  }
  let a = L + 4, b = R - 4;
  if (e.from) [a, b] = [b, a];
  const back = b > a ? -10 : 10;
  if (e.type === ICMP) {
    a += (b - a) * 0.12;
    f.append(sv('path', { d: 'M' + (a - 4) + ' ' + (y1 - 4) + 'l8 8m0 -8l-8 8', class: cls, 'stroke-width': 2 }));
  }
  f.append(sv('line', { class: 'arrow ' + cls, x1: a, y1, x2: b + back / 2, y2, 'stroke-width': i === S.sel ? 3 : 1.6,
    'stroke-dasharray': e.flags & AGAIN ? '9 4' : e.type !== SEGMENT ? '3 4' : null }));
  f.append(sv('path', { class: cls, d: 'M' + b + ' ' + y2 + 'l' + back + ' -5v10z' }));
  const x = (L + R) / 2, fall = (y2 - y1) / (R - L), slope = fall > 0 && fall < STEEP ? fall * (e.from ? -1 : 1) : 0;
  most(l => l.map((t, k) => ({ x, y: mid - 0.32 * em - (l.length - 1 - k) * LINE * em, t, anchor: 'middle', slope, about: [x, mid],
    word: k ? '' : e.type === SEGMENT ? e.kind : t.split(' ')[0], colour: cls })));
  if (!marks(texts, e, m, mid) || e.type !== SEGMENT) return;
  for (const k of [0, 1]) {
    if (e.states[k] === e.before[k] && i > 0) continue;
    const name = D.states[e.states[k]], y = (e.from === k ? y1 : y2) + 0.25 * em;
    const list = [{ x: k ? R + 0.5 * em : L - 0.5 * em, y, t: name, anchor: k ? 'start' : 'end', cls: stateClass(name) + (narrow ? ' small' : '') }];
    if (name === '?') texts.later.push(list); else texts.put(list);
  }
}
// Number and time, which have columns of their own.
function marks(texts, e, { em, narrow, left }, mid) {
  const list = narrow ? [{ x: 0.2 * em, y: mid - 0.75 * em, t: e.frame ? '#' + numberOf(e) : '', anchor: 'start' }] :
    [{ x: left.number * em, y: mid + 0.25 * em, t: numberOf(e), anchor: 'end' }, { x: left.time * em, y: mid + 0.25 * em, t: timeOf(e), anchor: 'end' }];
  return texts.put(list.filter(t => t.t).map(t => Object.assign(t, { cls: 'soft small' })));
}
