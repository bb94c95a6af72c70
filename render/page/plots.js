// ---- the state machines of RFC 9293, figure 5
const NODES = { CLOSED: [190, 22], LISTEN: [190, 78], 'SYN-RECEIVED': [70, 134], 'SYN-SENT': [310, 134], ESTABLISHED: [190, 190], 'FIN-WAIT-1': [70, 246], 'CLOSE-WAIT': [310, 246],
  'FIN-WAIT-2': [70, 302], CLOSING: [190, 302], 'LAST-ACK': [310, 302], 'TIME-WAIT': [190, 358] };
const EDGES = [['CLOSED', 'LISTEN', 'listen()'], ['CLOSED', 'SYN-SENT', 'connect(): sends SYN'], ['LISTEN', 'SYN-RECEIVED', 'SYN comes, SYN-ACK goes'], ['SYN-SENT', 'SYN-RECEIVED', 'SYN comes: both called at once'],
  ['SYN-SENT', 'ESTABLISHED', 'SYN-ACK comes, ACK goes'], ['SYN-RECEIVED', 'ESTABLISHED', 'ACK comes'], ['ESTABLISHED', 'FIN-WAIT-1', 'close(): sends FIN'], ['ESTABLISHED', 'CLOSE-WAIT', 'FIN comes, ACK goes'],
  ['FIN-WAIT-1', 'FIN-WAIT-2', 'ACK of FIN comes'], ['FIN-WAIT-1', 'CLOSING', 'FIN comes, ACK goes'], ['FIN-WAIT-1', 'TIME-WAIT', 'FIN and ACK come, ACK goes'], ['FIN-WAIT-2', 'TIME-WAIT', 'FIN comes, ACK goes'],
  ['CLOSING', 'TIME-WAIT', 'ACK of FIN comes'], ['CLOSE-WAIT', 'LAST-ACK', 'close(): sends FIN'], ['LAST-ACK', 'CLOSED', 'ACK of FIN comes'], ['TIME-WAIT', 'CLOSED', 'time is over'], ['SYN-RECEIVED', 'FIN-WAIT-1', 'close(): sends FIN']];
function machines() {
  ui.machine = SIDES.map(s => {
    const pic = sv('svg', { viewBox: '0 0 392 384', role: 'img', 'aria-label': 'State machine of the ' + s });
    const nodes = {}, edges = {};
    for (const [a, b, t] of EDGES) {
      const [x1, y1] = NODES[a], [x2, y2] = NODES[b];
      let d = 'M' + x1 + ' ' + y1 + 'L' + x2 + ' ' + y2;
      if (a === 'LAST-ACK') d = 'M310 302L384 302L384 22L190 22';
      if (a === 'TIME-WAIT') d = 'M190 358L390 358L390 14L190 14';
      if (a === 'FIN-WAIT-1' && b === 'TIME-WAIT') d = 'M70 246Q130 330 190 358';
      const p = sv('path', { d }, sv('title', {}, a + ' to ' + b + ': ' + t));
      edges[a + '>' + b] = p; pic.append(p);
    }
    for (const n in NODES) {
      const [x, y] = NODES[n], g = sv('g', {}, sv('rect', { x: x - 54, y: y - 14, width: 108, height: 28, rx: 6 }), sv('text', { x, y: y + 4 }, n));
      nodes[n] = g; pic.append(g);
    }
    const say = el('p', {});
    ui.machines.append(el('div', {}, el('h3', {}, s), pic, say));
    return { nodes, edges, say };
  });
}
function light() {
  const been = [{}, {}];
  for (let i = 0; i <= S.sel && i < S.ev.length; i++) for (const k of [0, 1]) been[k][D.states[S.ev[i].last[k]]] = true;
  const e = S.ev[S.sel];
  ui.machine.forEach((m, k) => {
    const now = e ? D.states[e.last[k]] : '?', before = e && e.before ? D.states[e.before[k]] : now;
    for (const n in m.nodes) m.nodes[n].setAttribute('class', n === now ? 'now' : been[k][n] ? 'been' : '');
    for (const n in m.edges) m.edges[n].setAttribute('class', n === before + '>' + now ? 'went' : '');
    const edge = EDGES.find(x => x[0] === before && x[1] === now);
    m.say.textContent = now === '?' ? 'not known yet' : before !== now && before !== '?' ? before + ' → ' + now + (edge ? ': ' + edge[2] : '') : now;
  });
}

// ---- plots
const PLOTS = [['seq', 'Bytes against time'], ['rtt', 'Round trip against time'], ['win', 'Window and bytes in flight against time']];
function plots() {
  ui.dir = button('', 'The other direction', () => { S.dir = 1 - S.dir; drawPlots(); });
  ui.plot = {};
  const box = el('div', { class: 'plots' });
  for (const [k, t] of PLOTS) {
    const cv = el('canvas', { role: 'img' });
    cv.addEventListener('click', ev => pickFrom(cv, ev));
    ui.plot[k] = cv;
    box.append(el('figure', {}, cv, el('figcaption', {}, t)));
  }
  ui.plotText = el('p', { class: 'remark' });
  return el('section', { class: 'panel', 'aria-label': 'Plots' }, el('div', { class: 'bar' }, el('h2', {}, 'Plots'), ui.dir), box, ui.plotText);
}
function frameOf() {
  let t0 = Infinity, t1 = -Infinity;
  for (const e of S.ev) if (e.type === SEGMENT && e.at != null) { t0 = Math.min(t0, e.at); t1 = Math.max(t1, e.at); }
  return t0 === Infinity ? null : [t0, Math.max(t1, t0 + 1)];
}
function pickFrom(cv, ev) {
  const f = frameOf();
  if (!f) return;
  const r = cv.getBoundingClientRect(), t = f[0] + (ev.clientX - r.left - 50) / (r.width - 60) * (f[1] - f[0]);
  let best = -1, d = Infinity;
  S.ev.forEach((e, i) => { if (e.at != null && visible(i) && Math.abs(e.at - t) < d) { d = Math.abs(e.at - t); best = i; } });
  if (best >= 0) select(best);
}
// The points are drawn once for a connection, its direction and a size; what moves with the selection is drawn over them.
// Plots come after the picture, and once for what changes together.
let plotting = false;
function drawPlots() {
  ui.dir.textContent = 'data from the ' + SIDES[S.dir];
  if (plotting) return;
  plotting = true;
  requestAnimationFrame(() => setTimeout(() => { plotting = false; drawPlotsNow(); }));
}
function drawPlotsNow() {
  if (!ui.plot || !S.ev.length) return;
  const f = frameOf(), marks = {};
  for (const [k, title] of PLOTS) {
    const cv = ui.plot[k], r = window.devicePixelRatio || 1, w = cv.clientWidth, h = cv.clientHeight;
    if (!w) continue;
    const key = [S.c.n, S.dir, S.hide ? S.sel : -1, w, h, r, getComputedStyle(root).backgroundColor, getComputedStyle(document.body).backgroundColor].join();
    if (cv.key !== key) {
      if (!marks.seq) marksOf(marks);
      cv.key = key;
      cv.still = points(marks[k], f, k, title, cv, w, h, r);
    }
    cv.width = w * r; cv.height = h * r;
    const g = cv.getContext('2d'), e = S.ev[S.sel];
    g.drawImage(cv.still, 0, 0);
    if (!f || !e || e.at == null) continue;
    const x = (50 + (e.at - f[0]) / (f[1] - f[0]) * (w - 60)) * r;
    g.strokeStyle = getComputedStyle(root).getPropertyValue('--ink'); g.lineWidth = r; g.setLineDash([4 * r, 3 * r]);
    g.beginPath(); g.moveTo(x, 8 * r); g.lineTo(x, (h - 22) * r); g.stroke();
  }
  if (!marks.rtt) return;
  let best = Infinity, worst = 0;
  for (const m of marks.rtt) { best = Math.min(best, m[1]); worst = Math.max(worst, m[1]); }
  ui.plotText.textContent = 'Blue: data and bytes in flight; red: sent again; green: acknowledged up to, and the window offered; violet: SACK.' +
    (worst ? ' Round trip ' + span(best) + ' to ' + span(worst) + '.' : '') + ' A click selects.';
}
function marksOf(marks) {
  const d = S.dir;
  marks.seq = []; marks.rtt = []; marks.win = [];
  for (const e of S.ev) {
    if (e.type !== SEGMENT || e.at == null || !visible(e.i)) continue;
    if (e.from === d) {
      if (e.len) marks.seq.push([e.at, e.seq, e.seq + e.len, e.flags & AGAIN ? 'rst' : 'data']);
      marks.win.push([e.at, 0, e.flight, 'data']);
    } else if (e.flags & HAS_ACK && e.kind !== 'RST') {
      marks.seq.push([e.at, e.ack, e.ack, 'syn']);
      for (let i = 0; i + 1 < e.sack.length; i += 2) marks.seq.push([e.at, e.sack[i], e.sack[i + 1], 'other']);
      marks.win.push([e.at, e.win, e.win, 'syn']);
      if (e.rtt) marks.rtt.push([e.at, e.rtt, e.rtt, 'fin']);
    }
  }
}
function points(marks, f, k, title, cv, w, h, r) {
  const css = getComputedStyle(root), still = document.createElement('canvas'), g = still.getContext('2d'), colours = {};
  const col = n => colours[n] || (colours[n] = css.getPropertyValue('--' + n).trim());
  still.width = w * r; still.height = h * r;
  g.scale(r, r);
  g.font = '11px system-ui, sans-serif'; g.fillStyle = col('soft'); g.strokeStyle = col('line');
  g.strokeRect(50.5, 8.5, w - 60, h - 30);
  if (!f || !marks.length) { g.fillText('nothing to draw', 60, 30); cv.setAttribute('aria-label', title + ': nothing to draw'); return still; }
  let top = 0;
  for (const m of marks) top = Math.max(top, m[2]);
  top = top || 1;
  const x = t => 50 + (t - f[0]) / (f[1] - f[0]) * (w - 60), y = v => h - 22 - v / top * (h - 34);
  const name = k === 'rtt' ? span(top) : bytesIn(top);
  g.fillText(name, 2, 16); g.fillText('0', 38, h - 22); g.fillText(span(f[1] - f[0]), w - 70, h - 6);
  let last = '';
  for (const m of marks) {
    const px = x(m[0]), a = y(m[1]), b = y(m[2]), key = Math.round(px) + ',' + Math.round(a) + ',' + Math.round(b) + m[3];
    if (key === last) continue;
    last = key;
    g.fillStyle = col(m[3]);
    if (a - b >= 1) g.fillRect(px - 1, b, 2, a - b); else g.fillRect(px - 2, a - 2, 4, 4);
  }
  cv.setAttribute('aria-label', title + ': ' + marks.length + ' points, up to ' + name + ', in ' + span(f[1] - f[0]));
  return still;
}
