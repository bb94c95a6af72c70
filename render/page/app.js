'use strict';
(function () {
  // The data is text only; whatever of it is shown is put into the page as text.
  const D = JSON.parse(document.getElementById('data').textContent);
  const SEGMENT = 0, ICMP = 1, NEIGHBOUR = 2, CALL = 3, NOTE = 4;
  const HAS_ACK = 1, SHOW_SEQ = 2, AGAIN = 4, HANDSHAKE = 8;
  const NS = 'http://www.w3.org/2000/svg';
  const ROW = 44, SLANT = 16, FOLD = 170, FOLDED = 66, MAXDRAWN = 700, GAP = 1e9;
  const SIDES = ['client', 'server'];
  const root = document.documentElement;

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
      const e = { i, type: a[0], frame: a[1], at: a[2], from: a[3], text: D.texts[a[4]] };
      e.leaves = e.arrives = e.at;
      if (e.type !== SEGMENT) { e.packet = a[5]; e.kind = 'x'; return e; }
      Object.assign(e, { payload: e.text, kind: D.kinds[a[5]], labels: labelsIn(a[6]), dup: a[7], states: [a[8], a[9]], before: [a[10], a[11]],
        flags: a[12], seq: a[13], len: a[14], ack: a[15], win: a[16], flight: a[17], rtt: a[18], sentence: D.texts[a[19]], app: D.texts[a[20]],
        sack: a[21], packet: a[22] });
      if (c.path && e.at != null) {
        e.leaves = e.at - c.path[e.from]; e.arrives = e.at + c.path[1 - e.from];
      }
      return e;
    });
    let s = [0, 0];
    for (const e of c.read) { if (e.states) s = e.states; else e.states = s; e.last = s; }
    return c.read;
  }
  function labelsIn(mask) {
    const out = [];
    for (let i = 0; i < D.labels.length; i++) if (mask & 1 << i) out.push(D.labels[i]);
    return out;
  }
  function rowText(e) {
    if (e.type !== SEGMENT) return e.text;
    let t = e.kind;
    if (e.len) t += ' ' + e.len + ' B';
    if (e.flags & SHOW_SEQ) t += ' seq=' + e.seq;
    if (e.flags & HAS_ACK) t += ' ack=' + e.ack;
    for (const l of e.labels) if (l !== 'time-wait' && l !== 'refused') t += ' ' + l + (l === 'dup-ack' ? ' #' + e.dup : '');
    return t;
  }
  function spoken(e) {
    const who = e.type === SEGMENT ? SIDES[e.from] + ' to ' + SIDES[1 - e.from] + ': ' : e.type === CALL ? SIDES[e.from] + ': ' : '';
    return (e.frame ? 'frame ' + e.frame + ', ' : '') + (e.at == null ? '' : seconds(e.at) + ' seconds, ') + who + rowText(e) +
      (e.type === SEGMENT ? '. ' + e.sentence : '');
  }
  const seconds = ns => (ns / 1e9).toFixed(6);
  function span(ns) {
    const a = Math.abs(ns);
    if (a < 1e6) return Math.round(ns / 1e3) + ' µs';
    if (a < 1e7) return (ns / 1e6).toFixed(2) + ' ms';
    if (a < 1e9) return Math.round(ns / 1e6) + ' ms';
    if (a < 1e11) return (ns / 1e9).toFixed(3) + ' s';
    return Math.floor(ns / 6e10) + ' min ' + Math.round(ns % 6e10 / 1e9) + ' s';
  }
  function bytesIn(n) { return n < 10000 ? n + ' B' : n < 1e6 ? (n / 1e3).toFixed(1) + ' kB' : (n / 1e6).toFixed(1) + ' MB'; }
  function utc(c, e) {
    if (c.base == null || e.at == null) return 'not recorded';
    const t = BigInt(c.base) + BigInt(e.at), s = t / 1000000000n, ns = t % 1000000000n;
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

  // ---- what is shown
  const S = { c: D.conns[0], ev: [], sel: 0, time: false, zoom: 1, hide: false, playing: 0, speed: '1', quiz: false, asked: 0, right: 0, done: false,
    search: '', sort: 'n', down: true, dir: 0 };
  const G = { ys: [], gaps: [], height: 0, yOf: null, slack: 40 };
  const app = document.getElementById('app');
  const ui = {};

  function build() {
    app.append(el('a', { class: 'skip', href: '#ladderbox', onclick: ev => { ev.preventDefault(); ui.rows.focus(); } }, 'To the ladder'));
    const main = el('main', { id: 'main' });
    const head = el('header', {}, ui.title = el('h1', {}), ui.verdict = el('div', {}));
    head.append(toolbar());
    app.append(head, main);
    if (D.conns.length > 1) main.append(table());
    ui.quiz = el('section', { id: 'quiz', class: 'panel', hidden: true, 'aria-label': 'What comes next?' });
    ui.heads = el('div', { class: 'heads' });
    ui.rows = el('div', { id: 'rows', role: 'listbox', tabindex: '0', 'aria-label': 'Ladder: segments in time. Arrow keys move.' });
    ui.svg = sv('svg', { 'aria-hidden': 'true', focusable: 'false' });
    ui.box = el('div', { id: 'ladderbox', tabindex: '-1' }, ui.rows, ui.svg);
    ui.detail = el('section', { id: 'detail', class: 'panel', 'aria-label': 'The selected segment', tabindex: '0' });
    main.append(ui.quiz, el('div', { class: 'cols' }, el('section', { 'aria-label': 'Ladder' }, ui.heads, ui.box), ui.detail));
    main.append(el('section', { class: 'panel', 'aria-label': 'State machines' }, el('h2', {}, 'States of both ends, RFC 9293'), ui.machines = el('div', { class: 'machines' })));
    main.append(plots());
    ui.live = el('p', { class: 'vh', role: 'status', 'aria-live': 'polite' });
    app.append(ui.live, el('footer', {}, ...D.remarks.map(t => el('p', { class: 'remark' }, t))), helpDialog());
    machines();
  }
  function toolbar() {
    const g = (label, ...kids) => el('div', { class: 'group', role: 'group', 'aria-label': label }, ...kids);
    ui.play = button('Play', 'Play or pause (space)', toggle);
    ui.speed = el('select', { 'aria-label': 'Speed', onchange: () => { S.speed = ui.speed.value; } },
      ...[['even', 'one a second'], ['0.01', '× 0.01'], ['0.1', '× 0.1'], ['0.5', '× 0.5'], ['1', '× 1'], ['2', '× 2'], ['10', '× 10'], ['100', '× 100']]
        .map(([v, t]) => el('option', { value: v, selected: v === '1' }, t)));
    ui.hide = button('Unroll', 'Show only what has come so far', () => { S.hide = !S.hide; refresh(); }, { 'aria-pressed': 'false' });
    ui.time = button('True time', 'True time or even spacing (t)', () => setTime(!S.time), { 'aria-pressed': 'false' });
    ui.quizButton = button('What comes next?', 'Guess the next segment (q)', () => setQuiz(!S.quiz), { 'aria-pressed': 'false' });
    ui.big = button('Projector', 'Large type (p)', projector, { 'aria-pressed': 'false' });
    return el('div', { class: 'bar', role: 'toolbar', 'aria-label': 'Controls' },
      g('Step', button('◂ Back', 'One row back (arrow up)', () => step(-1)), ui.play, button('Step ▸', 'One row on (arrow down)', () => step(1)), ui.speed),
      g('View', ui.hide, ui.time, button('−', 'Zoom out (-)', () => zoom(1 / 1.4), { 'aria-label': 'Zoom out' }), button('+', 'Zoom in (+)', () => zoom(1.4), { 'aria-label': 'Zoom in' })),
      g('Learn', ui.quizButton),
      g('Page', button('Copy as text', 'Copy the ladder as text', copyText), button('Save pcapng', 'Save the captured frames of this page', savePcapng), ui.big,
        button('Light/dark', 'Change the colours (d)', theme), button('Keys', 'Which keys do what (?)', () => ui.help.showModal())));
  }
  function helpDialog() {
    const keys = [['arrow down or up', 'next or previous row'], ['home, end, page up, page down', 'further'], ['space', 'play, pause'], ['t', 'true time or even spacing'],
      ['+ and -', 'zoom'], ['q', 'what comes next?'], ['p', 'projector'], ['d', 'light or dark'], ['/', 'search the connections'],
      ['in a card: arrow keys', 'next field; its bytes light up'], ['in the bytes: arrow keys', 'next byte; its field lights up']];
    return ui.help = el('dialog', { 'aria-label': 'Keys' }, el('h2', {}, 'Keys'), el('dl', {}, ...keys.flatMap(([k, t]) => [el('dt', {}, k), el('dd', {}, t)])),
      el('form', { method: 'dialog' }, button('Close', 'Close', () => ui.help.close())));
  }

  // ---- connections
  const COLS = [['n', '#'], ['start', 'Start'], ['client', 'Client'], ['server', 'Server'], ['app', 'What'], ['rows', 'Rows'], ['size', 'Bytes'], ['resent', 'Sent again'], ['duration', 'Seconds'], ['outcome', 'Verdict']];
  function cell(c, k) {
    switch (k) {
      case 'size': return c.bytes ? c.bytes[0] + c.bytes[1] : 0;
      case 'resent': return c.resent ? c.resent[0] + c.resent[1] : 0;
      case 'rows': return c.events.length;
      case 'start': return c.base == null ? 0 : Number(BigInt(c.base) - BigInt(D.conns[0].base || c.base));
      case 'n': case 'duration': return c[k] || 0;
    }
    return c[k] || '';
  }
  function shown(c, k) {
    const v = cell(c, k);
    return k === 'start' || k === 'duration' ? seconds(v) : k === 'size' ? bytesIn(v) : String(v);
  }
  function table() {
    ui.search = el('input', { type: 'search', id: 'search', oninput: () => { S.search = ui.search.value.toLowerCase(); fillTable(); } });
    ui.found = el('span', { role: 'status' });
    ui.body = el('tbody', {});
    ui.sorts = COLS.map(([k, t]) => el('th', { scope: 'col' }, button(t, 'Sort by ' + t, () => { S.down = S.sort === k ? !S.down : true; S.sort = k; fillTable(); })));
    return el('section', { class: 'panel', 'aria-label': 'Connections' }, el('div', { class: 'bar' }, el('label', { for: 'search' }, 'Search'), ui.search, ui.found),
      el('div', { id: 'connbox', tabindex: '0', role: 'region', 'aria-label': 'Table of connections' }, el('table', {}, el('thead', {}, el('tr', {}, ...ui.sorts)), ui.body)));
  }
  function fillTable() {
    if (!ui.body) return;
    let list = D.conns.filter(c => !S.search || COLS.some(([k]) => shown(c, k).toLowerCase().includes(S.search)) || c.verdict.join(' ').toLowerCase().includes(S.search));
    list.sort((a, b) => { const x = cell(a, S.sort), y = cell(b, S.sort); return (x < y ? -1 : x > y ? 1 : a.n - b.n) * (S.down ? 1 : -1); });
    COLS.forEach(([k], i) => ui.sorts[i].setAttribute('aria-sort', k === S.sort ? S.down ? 'ascending' : 'descending' : 'none'));
    ui.found.textContent = list.length + ' of ' + D.conns.length;
    clear(ui.body);
    for (const c of list) {
      ui.body.append(el('tr', { 'aria-current': c === S.c ? 'true' : null, onclick: () => open(c, 0) },
        ...COLS.map(([k]) => el('td', {}, k === 'n' ? button(String(c.n), 'Show connection ' + c.n, ev => { ev.stopPropagation(); open(c, 0); }) :
          S.quiz && k === 'outcome' ? '?' : shown(c, k)))));
    }
  }
  function open(c, i) {
    stop();
    S.c = c; S.ev = eventsOf(c);
    ui.title.textContent = c.title.charAt(0).toUpperCase() + c.title.slice(1);
    document.title = c.title + ' – tcpsee';
    S.dir = c.bytes && c.bytes[1] > c.bytes[0] ? 1 : 0;
    place();
    S.said = null;
    select(clamp(i, 0, Math.max(0, S.ev.length - 1)), true);
    refresh(); fillTable();
  }
  function header() {
    clear(ui.verdict); clear(ui.heads);
    const over = !S.hide && !S.quiz || S.sel >= S.ev.length - 1;
    if (over) S.c.verdict.forEach(t => ui.verdict.append(el('p', { class: 'verdict' }, t)));
    else ui.verdict.append(el('p', { class: 'remark' }, 'What became of it stands here at its end.'));
    if (S.c.pathNote) ui.verdict.append(el('p', { class: 'remark' }, S.c.pathNote));
    const e = S.ev[S.sel];
    SIDES.forEach((s, k) => {
      const now = D.states[e ? e.last[k] : 0];
      ui.heads.append(el('div', {}, el('strong', {}, S.c[s + 'Name']), el('span', { class: 'mono' }, S.c[s]), ' ',
        el('span', { class: 'now' }, now === '?' ? '(state not known)' : now)));
    });
  }

  // ---- where rows stand
  function place() {
    if (S.time && S.ev.some(e => e.at != null)) placeInTime(); else placeEvenly();
  }
  function placeEvenly() {
    const h = ROW * S.zoom;
    let y = 30;
    G.ys = []; G.gaps = []; G.slack = h;
    let last = null;
    for (const e of S.ev) {
      if (last != null && e.at != null && e.at - last >= GAP) { G.gaps.push([y - 16, span(e.at - last)]); y += 26; }
      if (e.at != null) last = e.at;
      G.ys.push([y, e.arrives > e.leaves ? y + SLANT : y]);
      y += h;
    }
    G.height = y + 10;
  }
  // True time: distances are times, and what is longer than FOLD pixels is folded.
  function placeInTime() {
    const times = [];
    for (const e of S.ev) if (e.at != null) times.push(e.leaves, e.arrives);
    times.sort((a, b) => a - b);
    const steps = [];
    for (let i = 1; i < times.length; i++) if (times[i] > times[i - 1]) steps.push(times[i] - times[i - 1]);
    steps.sort((a, b) => a - b);
    // An arrow falls by no more than a part of the box, so that both of its ends are in sight.
    const way = S.c.path ? S.c.path[0] + S.c.path[1] : 0, em = parseFloat(getComputedStyle(root).fontSize);
    const scale = Math.min(2.1 * em / (steps[Math.floor(steps.length / 2)] || 1), way ? 0.4 * ui.box.clientHeight / way : Infinity) * S.zoom;
    const at = [], ys = [];
    G.gaps = [];
    let y = 30;
    for (let i = 0; i < times.length; i++) {
      if (i > 0) {
        const px = (times[i] - times[i - 1]) * scale;
        if (px > FOLD) { G.gaps.push([y + 16, span(times[i] - times[i - 1])]); y += FOLDED; } else y += px;
      }
      at.push(times[i]); ys.push(y);
    }
    const yOf = t => {
      let lo = 0, hi = at.length - 1;
      while (lo < hi) { const m = lo + hi >> 1; if (at[m] < t) lo = m + 1; else hi = m; }
      return ys[lo];
    };
    let before = 30;
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
    const w = ui.box.clientWidth, top = ui.box.scrollTop, h = ui.box.clientHeight;
    const em = parseFloat(getComputedStyle(root).fontSize), narrow = w < 34 * em;
    const L = narrow ? 5.9 * em : 15.2 * em, R = w - (narrow ? 5.9 * em : 8 * em);
    ui.rows.style.height = G.height + 'px';
    const list = range(top, top + h);
    const rows = document.createDocumentFragment(), f = document.createDocumentFragment();
    lanes(f, list, L, R, top, h);
    for (const [y, t] of G.gaps) if (y > top - 60 && y < top + h + 60 && (!S.hide || y < G.ys[S.sel][0] + 8)) {
      f.append(sv('text', { x: (L + R) / 2, y: y + 10 - top, 'text-anchor': 'middle', class: 'soft small' }, '· · ·  ' + t + '  · · ·'));
      for (const x of [L, R]) f.append(sv('line', { x1: x, x2: x, y1: y - 2 - top, y2: y + 12 - top, stroke: 'var(--paper)', 'stroke-width': 6, 'stroke-dasharray': '3 3' }));
    }
    let lastText = -99;
    for (const i of list) {
      rows.append(optionOf(i));
      const y = midOf(i), room = y - lastText >= 0.95 * em || i === S.sel;
      arrow(f, S.ev[i], i, L, R, top, em, narrow, room);
      if (room) lastText = y;
    }
    clear(ui.rows); clear(ui.svg);
    ui.rows.append(rows);
    ui.svg.append(f);
    ui.svg.setAttribute('width', w); ui.svg.setAttribute('height', h);
    ui.svg.style.transform = 'translateY(' + top + 'px)';
    if (list.includes(S.sel)) ui.rows.setAttribute('aria-activedescendant', 'o' + S.sel); else ui.rows.removeAttribute('aria-activedescendant');
  }
  function optionOf(i) {
    const next = i + 1 < G.ys.length ? midOf(i + 1) - midOf(i) : ROW;
    const o = el('div', { role: 'option', id: 'o' + i, 'data-i': i, 'aria-selected': i === S.sel ? 'true' : 'false', 'aria-posinset': i + 1, 'aria-setsize': S.ev.length,
      'aria-label': spoken(S.ev[i]) });
    const hgt = clamp(S.time ? next : ROW * S.zoom, 5, Math.max(ROW * S.zoom, ROW));
    o.style.top = (S.time ? midOf(i) - Math.min(hgt / 2, 14) : G.ys[i][0] - 24) + 'px';
    o.style.height = hgt + 'px';
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
  function arrow(f, e, i, L, R, top, em, narrow, room) {
    const [y1, y2] = G.ys[i].map(y => y - top);
    const cls = 'k-' + (e.type === SEGMENT ? e.kind : 'x');
    const put = (x, y, t, anchor, c, turn) => f.append(sv('text', { x, y, 'text-anchor': anchor, class: c, transform: turn }, t));
    if (room) {
      if (narrow) { if (e.frame) put(0.2 * em, (y1 + y2) / 2 - 13, '#' + e.frame, 'start', 'soft small'); }
      else {
        if (e.frame) put(2.8 * em, (y1 + y2) / 2 + 4, String(e.frame), 'end', 'soft small');
        if (e.at != null) put(8 * em, (y1 + y2) / 2 + 4, seconds(e.at), 'end', 'soft small');
      }
    }
    if (e.type === NOTE) { put((L + R) / 2, y1, e.text, 'middle', 'soft'); return; }
    if (e.type === CALL) { put(e.from ? R - 10 : L + 10, y1, fit(e.text, R - L - 20, em), e.from ? 'end' : 'start', 'k-x'); return; }
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
    if (room) {
      const x = (L + R) / 2, y = (y1 + y2) / 2 - 5;
      const deg = Math.atan2(y2 - y1, R - L) * 180 / Math.PI * (e.from ? -1 : 1);
      const turn = y2 > y1 && Math.abs(deg) < 30 ? 'rotate(' + deg.toFixed(2) + ' ' + x + ' ' + y + ')' : null;
      let t = rowText(e);
      const cols = Math.floor((R - L - 24) / (0.5 * em));
      if (e.type === SEGMENT && e.payload && t.length + e.payload.length < cols) t += ' ' + e.payload;
      t = fit(t, R - L - 24, em);
      const word = e.type === SEGMENT ? e.kind : t.split(' ')[0];
      const n = sv('text', { x, y, 'text-anchor': 'middle', transform: turn });
      n.append(sv('tspan', { class: cls, 'font-weight': 'bold' }, word), t.slice(word.length));
      f.append(n);
    }
    if (e.type !== SEGMENT) return;
    for (const k of [0, 1]) {
      if (e.states[k] === e.before[k] && i > 0) continue;
      const name = D.states[e.states[k]], y = (e.from === k ? y1 : y2) + 4;
      if (room) put(k ? R + 8 : L - 8, y, name, k ? 'start' : 'end', stateClass(name) + (narrow ? ' small' : ''));
    }
  }
  function fit(t, px, em) {
    const n = Math.floor(px / (0.5 * em));
    return t.length <= n ? t : t.slice(0, Math.max(1, n - 1)) + '…';
  }

  // ---- selecting
  function select(i, jump) {
    if (!S.ev.length) return;
    S.sel = clamp(i, 0, S.ev.length - 1);
    reveal(jump);
    draw(); header(); detail(); light(); drawPlots();
    try { history.replaceState(null, '', '#c' + S.c.n + 's' + (S.sel + 1)); } catch (err) { /* some browsers forbid it for files */ }
  }
  function reveal(jump) {
    const y = midOf(S.sel), b = ui.box;
    ui.rows.style.height = G.height + 'px';
    if (jump || y < b.scrollTop + 40 || y > b.scrollTop + b.clientHeight - 60) b.scrollTop = clamp(y - b.clientHeight / (S.hide ? 1.6 : 3), 0, G.height);
  }
  function step(d) { if (S.quiz && d > 0) return; select(S.sel + d); if (d > 0 && S.ev[S.sel]) ui.live.textContent = S.playing ? '' : spoken(S.ev[S.sel]); }
  function refresh() {
    ui.hide.setAttribute('aria-pressed', S.hide); ui.time.setAttribute('aria-pressed', S.time); ui.quizButton.setAttribute('aria-pressed', S.quiz);
    ui.play.textContent = S.playing ? 'Pause' : 'Play';
    header(); draw(); drawPlots(); quizPanel();
  }
  function setTime(on) { S.time = on; place(); reveal(true); refresh(); }
  function zoom(f) {
    S.zoom = clamp(S.zoom * f, S.time ? 0.02 : 0.55, S.time ? 200 : 4);
    if (G.height * f > 8e6 && f > 1) { S.zoom /= f; return; }
    place(); reveal(true); draw();
  }
  function projector() { const on = root.classList.toggle('projector'); ui.big.setAttribute('aria-pressed', on); place(); reveal(true); refresh(); }
  function theme() {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    refresh();
  }

  // ---- playing
  function toggle() { if (S.playing) stop(); else start(); refresh(); }
  function start() {
    if (S.quiz) return;
    if (S.sel >= S.ev.length - 1) select(0, true);
    S.hide = true;
    S.playing = setTimeout(tick, delay());
  }
  function stop() { clearTimeout(S.playing); S.playing = 0; if (ui.play) ui.play.textContent = 'Play'; }
  function delay() {
    const a = S.ev[S.sel], b = S.ev[S.sel + 1];
    if (S.speed === 'even' || !b || a.at == null || b.at == null) return 1000;
    return clamp((b.at - a.at) / 1e6 / Number(S.speed), 40, 3000);
  }
  function tick() {
    select(S.sel + 1);
    if (S.sel >= S.ev.length - 1) { stop(); refresh(); return; }
    S.playing = setTimeout(tick, delay());
  }

  // ---- what comes next?
  function setQuiz(on) {
    stop();
    S.quiz = on; S.hide = on; S.asked = S.right = 0; S.done = false;
    S.said = null;
    if (on && nextSegment() < 0) select(0, true);
    refresh(); fillTable();
    if (on) ui.quiz.querySelector('input,button').focus();
  }
  function nextSegment() {
    for (let i = S.sel + 1; i < S.ev.length; i++) if (S.ev[i].type === SEGMENT) return i;
    return -1;
  }
  function quizPanel() {
    ui.quiz.hidden = !S.quiz;
    if (!S.quiz) return;
    clear(ui.quiz);
    const n = nextSegment();
    ui.quiz.append(el('h2', {}, 'What comes next?'));
    if (n < 0) {
      ui.quiz.append(el('p', { role: 'status' }, 'That was the last segment. Right: ' + S.right + ' of ' + S.asked + '.'), button('Again', 'From the beginning', () => { select(0, true); S.asked = S.right = 0; refresh(); }));
      return;
    }
    const radios = (name, words) => el('fieldset', {}, el('legend', {}, name), ...words.map(w => el('label', {}, el('input', { type: 'radio', name, value: w, required: true }), ' ' + w)));
    const ack = el('input', { type: 'number', min: 0, id: 'guess', inputmode: 'numeric' });
    const form = el('form', { onsubmit: ev => { ev.preventDefault(); answer(new FormData(form), ack.value, n); } },
      radios('Who sends it', SIDES), radios('What it is', ['SYN', 'SYN-ACK', 'ACK', 'DATA', 'FIN', 'RST']),
      el('p', {}, el('label', { for: 'guess' }, 'Its acknowledgment number, if you dare: '), ack), el('p', {}, el('button', { type: 'submit' }, 'Guess'), ' Right so far: ' + S.right + ' of ' + S.asked));
    ui.quiz.append(form);
    if (S.said) ui.quiz.append(S.said);
  }
  function answer(data, ack, n) {
    const e = S.ev[n], who = data.get('Who sends it') === SIDES[e.from], what = data.get('What it is') === e.kind;
    const number = ack === '' || (e.flags & HAS_ACK ? Number(ack) === e.ack : false);
    const good = who && what && number;
    S.asked++; if (good) S.right++;
    S.said = el('div', { role: 'status' }, el('p', {}, el('span', { class: good ? 'right' : 'wrong' }, good ? 'Right. ' : 'Not quite. '),
      'It was ' + rowText(e) + ' from the ' + SIDES[e.from] + '.' + (number ? '' : e.flags & HAS_ACK ? ' It acknowledges ' + e.ack + '.' : ' It acknowledges nothing.')),
      el('p', {}, e.sentence));
    select(n);
    refresh();
    const first = ui.quiz.querySelector('input');
    if (first) first.focus();
  }

  // ---- one segment: explanation, cards, bits, bytes
  let lightUp = () => {};
  function detail() {
    clear(ui.detail);
    const e = S.ev[S.sel];
    if (!e) return;
    ui.detail.append(el('h2', {}, (e.frame ? 'Frame ' + e.frame + ': ' : '') + rowText(e)));
    if (e.type === SEGMENT) ui.detail.append(el('p', {}, e.sentence));
    const terms = e.type === SEGMENT ? [e.kind, ...e.labels, ...new Set([D.states[e.states[0]], D.states[e.states[1]]])] : [e.text.split(' ')[0]];
    const chips = el('div', { class: 'chips' });
    for (const t of terms) if (Object.hasOwn(D.glossary, t)) chips.append(explained(t));
    ui.detail.append(chips);
    const p = e.packet;
    if (!p) { ui.detail.append(el('p', { class: 'empty' }, e.type === CALL ? 'Layer 5, session: a socket call. No packet.' : 'There is no packet to show.')); return; }
    const frame = decode(p[3]), joined = decode(p[4]), bytes = new Uint8Array(frame.length + joined.length);
    bytes.set(frame); bytes.set(joined, frame.length);
    const layers = layersOf(p), shift = l => l.joined ? frame.length : 0;
    const fields = [];
    for (const l of layers) for (const fd of l.fields) {
      const a = shift(l) + l.off + (fd.bit >> 3), b = shift(l) + l.off + (fd.bit + fd.bits + 7 >> 3);
      fields.push(Object.assign(fd, { a, b, layer: l, buttons: [] }));
    }
    const start = (joined.length ? frame.length : 0) + p[5], body = { name: 'payload', a: start, b: start + p[6], bits: p[6] * 8, bit: 0, buttons: [], layer: { osi: 7 } };
    if (p[6]) fields.push(body);
    hexView(bytes, frame.length, layers, shift, fields, p, body);
    cards(e, p, layers, bytes, body);
  }
  function explained(t) {
    const g = D.glossary[t];
    return el('details', {}, el('summary', {}, t), el('p', {}, el('strong', {}, g[1] + '. '), g[2] + (g[3] ? ' (' + g[3] + ')' : '')));
  }
  function card(n, name, cls, ...kids) {
    return el('section', { class: 'card ' + cls }, el('h3', {}, n + ' ' + name), ...kids);
  }
  function cards(e, p, layers, bytes, body) {
    const none = t => el('p', { class: 'empty' }, t), out = ui.detail;
    const tls = e.app && e.app.startsWith('TLS');
    if (e.len) {
      const seven = card(7, 'application', 'l7', el('p', {}, (e.app || 'bytes') + ', ' + e.len + ' bytes' + (p[6] < e.len ? ', ' + p[6] + ' of them here' : '')));
      if (p[6]) seven.append(el('pre', { class: 'text7', tabindex: '0', 'aria-label': 'payload as text' }, printable(bytes.subarray(body.a, body.b))));
      const b = fieldButton(body, 'payload', p[6] + ' bytes', 'light up its bytes');
      if (p[6]) seven.append(el('div', { class: 'fields' }, b));
      out.append(seven);
    } else out.append(card(7, 'application', 'l7', none(e.type === SEGMENT ? 'nothing: this segment carries no data' : 'nothing')));
    out.append(card(6, 'presentation', 'l7', tls ? el('p', {}, e.app) : none('nothing here encrypts or encodes')));
    out.append(card(5, 'session', 'l7', none(S.ev.some(x => x.type === CALL) ? 'socket calls have rows of their own' : 'socket calls leave no trace in packets')));
    for (const [n, name] of [[4, 'transport'], [3, 'network'], [2, 'data link']]) {
      const mine = layers.filter(l => l.osi === n);
      const c = card(n, name, 'l' + n, ...(mine.length ? [] : [none('nothing')]));
      for (const l of mine) layerIn(c, l);
      out.append(c);
    }
    const name = D.texts[p[7]];
    out.append(card(1, 'physical', 'l1', el('p', {}, (name ? 'interface ' + name + ', ' : '') + p[1] + ' bytes on the wire, ' + p[2] + ' captured, at ' + utc(S.c, e))));
  }
  function fieldButton(fd, name, value, meaning) {
    const b = el('button', { type: 'button', tabindex: '-1' }, el('span', {}, name), el('span', {}, value), el('span', { class: 'm' }, meaning));
    b.addEventListener('pointerenter', () => lightUp(fd)); b.addEventListener('focus', () => lightUp(fd));
    fd.buttons.push(b);
    return b;
  }
  function layerIn(c, l) {
    const list = el('div', { class: 'fields', role: 'group', 'aria-label': l.name + ' fields' }, ...l.fields.map(fd => fieldButton(fd, fd.name, fd.value, fd.meaning)));
    if (list.firstChild) list.firstChild.setAttribute('tabindex', '0');
    list.addEventListener('keydown', ev => {
      const d = ev.key === 'ArrowDown' || ev.key === 'ArrowRight' ? 'nextSibling' : ev.key === 'ArrowUp' || ev.key === 'ArrowLeft' ? 'previousSibling' : '';
      const to = d && document.activeElement[d];
      if (!d) return;
      ev.preventDefault(); ev.stopPropagation();
      if (to) { document.activeElement.setAttribute('tabindex', '-1'); to.setAttribute('tabindex', '0'); to.focus(); }
    });
    const bits = el('details', {}, el('summary', {}, 'bits'));
    bits.addEventListener('toggle', () => { if (bits.open && bits.childNodes.length === 1) bits.append(bitDiagram(l)); });
    c.append(el('h3', {}, l.name + ', ' + l.len + ' bytes'), list, bits);
    if (['TCP', 'IPv4', 'IPv6'].includes(l.name) && l.osi === 4) bits.open = true;
  }
  // Rows of 32 bits, as RFCs draw headers; a field over a row's end goes on in the next.
  function bitDiagram(l) {
    const g = el('div', { class: 'bits', role: 'img', 'aria-label': l.name + ' header, 32 bits a row' });
    for (let i = 0; i < 32; i += 8) { const r = el('div', { class: 'ruler' }, String(i)); r.style.gridColumn = i + 1 + ' / span 8'; g.append(r); }
    let at = 0;
    for (const fd of l.fields) {
      if (fd.bit < at) continue;
      if (fd.bit > at) piece(g, at, fd.bit, '', '', null);
      piece(g, fd.bit, fd.bit + fd.bits, fd.name, fd.value, fd);
      at = fd.bit + fd.bits;
    }
    return g;
  }
  function piece(g, from, to, name, value, fd) {
    const rows = Math.ceil(to / 32) - Math.floor(from / 32);
    for (let a = from, n = 0; a < to; n++) {
      const b = Math.min(to, (Math.floor(a / 32) + 1) * 32);
      if (rows > 6 && n === 4) { a = Math.floor((to - 1) / 32) * 32; const skip = el('div', {}, '…'); skip.style.gridColumn = '1 / span 32'; g.append(skip); continue; }
      const short = b - a < 3;
      const d = el('div', { title: name + ' = ' + value }, short ? value : el('b', {}, n ? '…' : name), short || n ? null : value);
      d.style.gridColumn = a % 32 + 1 + ' / span ' + (b - a);
      if (fd) { d.addEventListener('pointerenter', () => lightUp(fd)); fd.buttons.push(d); }
      g.append(d);
      a = b;
    }
  }
  function printable(b) {
    const t = new TextDecoder('utf-8').decode(b.subarray(0, 20000));
    return t.replace(/\r/g, '\\r').replace(/\n/g, '\\n\n').replace(/[^\n\P{C}]|[\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f]/gu, x => {
      const n = x.codePointAt(0), h = n.toString(16);
      return n < 256 ? '\\x' + h.padStart(2, '0') : '\\u{' + h + '}';
    });
  }
  function hexView(bytes, cut, layers, shift, fields, p, body) {
    const LIMIT = 1024, box = el('div', { class: 'hex', tabindex: '0', role: 'region', 'aria-label': 'Bytes of the frame. Arrow keys move from byte to byte.' });
    const kind = new Uint8Array(bytes.length);
    for (const l of layers) kind.fill(l.osi, shift(l) + l.off, shift(l) + l.off + l.len);
    kind.fill(7, body.a, body.b);
    const width = innerWidth < 520 ? 8 : 16, cells = [];
    let cursor = -1, hot = [];
    const say = el('p', { class: 'mono', 'aria-live': 'polite' }, ' ');
    const rows = to => {
      for (let r = cells.length; r < to; r += width) {
        if (cut && r === cut && bytes.length > cut) box.append(el('span', { class: 'o' }, 'put together from fragments:'), '\n');
        box.append(el('span', { class: 'o' }, r.toString(16).padStart(4, '0') + '  '));
        const text = document.createDocumentFragment();
        for (let i = r; i < r + width; i++) {
          if (i >= bytes.length) { box.append('   '); continue; }
          const v = bytes[i], c = 'b' + kind[i];
          const x = el('span', { class: c, 'data-b': i }, v.toString(16).padStart(2, '0')), y = el('span', { class: c, 'data-b': i }, v >= 32 && v < 127 ? String.fromCharCode(v) : '·');
          cells[i] = [x, y];
          box.append(x, ' '); text.append(y);
        }
        box.append(' ', text, '\n');
      }
    };
    rows(Math.min(bytes.length, LIMIT));
    lightUp = fd => {
      for (const x of hot) x.classList.remove('hot');
      hot = [...fd.buttons];
      for (let i = fd.a; i < fd.b && i < cells.length; i++) if (cells[i]) hot.push(...cells[i]);
      for (const x of hot) x.classList.add('hot');
      say.textContent = fd.name + (fd.value != null ? ' = ' + fd.value : '') + (fd.meaning ? ' (' + fd.meaning + ')' : '') + ', ' + fd.bits + ' bits';
    };
    const byteAt = i => {
      let best = null;
      for (const fd of fields) if (i >= fd.a && i < fd.b && (!best || fd.bits < best.bits)) best = fd;
      if (best) lightUp(best);
    };
    box.addEventListener('pointerover', ev => { const b = ev.target.getAttribute && ev.target.getAttribute('data-b'); if (b != null) byteAt(Number(b)); });
    box.addEventListener('keydown', ev => {
      const d = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width }[ev.key];
      if (!d) return;
      ev.preventDefault(); ev.stopPropagation();
      cursor = clamp(cursor + d, 0, cells.length - 1);
      if (cells[cursor]) { byteAt(cursor); cells[cursor][0].scrollIntoView({ block: 'nearest' }); }
    });
    const legend = el('p', { class: 'legend' }, ...[[7, 'application'], [4, 'transport'], [3, 'network'], [2, 'data link']].map(([n, t]) => el('span', { class: 'b' + n }, n + ' ' + t)));
    const all = el('div', { class: 'bytes' }, legend, say, box);
    ui.detail.append(all);
    if (bytes.length > LIMIT) all.append(button('All ' + bytes.length + ' bytes', 'Show the rest', ev => { rows(bytes.length); ev.target.remove(); }));
    if (p[2] > bytes.length && !p[4]) all.append(el('p', { class: 'remark' }, p[2] - bytes.length + ' captured bytes are left out of this page.'));
  }

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
      m.say.textContent = now === '?' ? 'not known yet' : before !== now && before !== '?' ? before + ' → ' + now : now;
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
  function drawPlots() {
    if (!ui.plot || !S.ev.length) return;
    const f = frameOf(), marks = {};
    ui.dir.textContent = 'data from the ' + SIDES[S.dir];
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

  // ---- out of the page
  function ladderText() {
    const pre = document.getElementById('text' + S.c.n);
    if (pre) return pre.textContent + '\n';
    return [S.c.title, S.c.client + ' to ' + S.c.server, ...S.ev.map(e => [String(e.frame || '').padStart(5), e.at == null ? '' : seconds(e.at).padStart(12),
      e.type === SEGMENT ? SIDES[e.from].padEnd(6) + (e.from ? ' <- ' : ' -> ') : '', rowText(e), e.payload || ''].join(' ').trimEnd()), ...S.c.verdict].join('\n') + '\n';
  }
  async function copyText() {
    const t = ladderText();
    try { await navigator.clipboard.writeText(t); } catch (err) {
      const a = el('textarea', { class: 'vh', 'aria-hidden': 'true' });
      a.value = t; document.body.append(a); a.select(); document.execCommand('copy'); a.remove();
    }
    ui.live.textContent = 'Copied.';
  }
  // The frames of this page as pcapng (draft-ietf-opsawg-pcapng): a section, an interface for each link type, packets in nanoseconds.
  function savePcapng() {
    const frames = [];
    for (const c of D.conns) for (const a of c.events) {
      const p = a[0] === SEGMENT ? a[22] : a[5];
      if (p && a[2] != null) frames.push({ n: a[1], at: BigInt(c.base) + BigInt(a[2]), link: p[0], orig: p[1], data: decode(p[3]) });
    }
    frames.sort((a, b) => a.n - b.n);
    const links = [...new Set(frames.map(f => f.link))], out = [];
    const block = (type, ...parts) => {
      const n = parts.reduce((s, p) => s + p.length, 0), pad = -n & 3, b = new Uint8Array(12 + n + pad), v = new DataView(b.buffer);
      v.setUint32(0, type, true); v.setUint32(4, b.length, true); v.setUint32(8 + n + pad, b.length, true);
      let at = 8;
      for (const p of parts) { b.set(p, at); at += p.length; }
      out.push(b);
    };
    const words = (...list) => { const b = new Uint8Array(list.length * 4), v = new DataView(b.buffer); list.forEach((x, i) => v.setUint32(i * 4, x, true)); return b; };
    block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff));
    for (const l of links) block(1, words(l, 0, 1 << 16 | 9, 9, 0)); // if_tsresol 9: nanoseconds
    for (const f of frames) block(6, words(links.indexOf(f.link), Number(f.at >> 32n & 0xffffffffn), Number(f.at & 0xffffffffn), f.data.length, Math.max(f.orig, f.data.length)), f.data);
    const url = URL.createObjectURL(new Blob(out, { type: 'application/octet-stream' }));
    const a = el('a', { href: url, download: 'tcpsee.pcapng' });
    document.body.append(a); a.click(); a.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    ui.live.textContent = frames.length + ' frames saved.';
  }

  // ---- keys, pointer, links
  function keys(ev) {
    if (ev.ctrlKey || ev.metaKey || ev.altKey || ui.help.open) return;
    const t = ev.target.tagName, typing = t === 'SELECT' || t === 'TEXTAREA' || t === 'INPUT';
    if (typing) return;
    const page = Math.max(1, Math.floor(ui.box.clientHeight / (ROW * S.zoom)) - 1);
    const inLadder = ev.target === ui.rows || ev.target === document.body || ev.target === ui.box;
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9 };
    if (Object.hasOwn(moves, ev.key) && inLadder) { ev.preventDefault(); stop(); if (!S.quiz || moves[ev.key] < 0) step(moves[ev.key]); if (S.quiz) refresh(); return; }
    const acts = { t: () => setTime(!S.time), '+': () => zoom(1.4), '-': () => zoom(1 / 1.4), q: () => setQuiz(!S.quiz), p: projector, d: theme, '?': () => ui.help.showModal(),
      '/': () => ui.search && ui.search.focus() };
    if (ev.key === ' ' && t !== 'BUTTON' && t !== 'SUMMARY') { ev.preventDefault(); toggle(); } else if (Object.hasOwn(acts, ev.key)) { ev.preventDefault(); acts[ev.key](); }
  }
  function pan() {
    let from = null, moved = false;
    ui.box.addEventListener('pointerdown', ev => { if (ev.pointerType === 'mouse' && ev.button === 0 && ev.offsetX < ui.box.clientWidth) { from = [ev.clientY, ui.box.scrollTop]; moved = false; } });
    window.addEventListener('pointermove', ev => {
      if (!from) return;
      if (Math.abs(ev.clientY - from[0]) > 5) { moved = true; ui.box.classList.add('drag'); }
      if (moved) ui.box.scrollTop = from[1] - (ev.clientY - from[0]);
    });
    window.addEventListener('pointerup', () => { from = null; ui.box.classList.remove('drag'); });
    ui.rows.addEventListener('click', ev => {
      const o = ev.target.closest('[data-i]');
      if (!o || moved) return;
      if (!S.quiz || Number(o.dataset.i) <= S.sel) { stop(); select(Number(o.dataset.i)); if (S.quiz) refresh(); }
    });
    ui.box.addEventListener('wheel', ev => { if (ev.ctrlKey) { ev.preventDefault(); zoom(ev.deltaY < 0 ? 1.15 : 1 / 1.15); } }, { passive: false });
    ui.box.addEventListener('scroll', draw, { passive: true });
  }
  function fromLink() {
    const m = /^#c(\d+)(?:s(\d+))?$/.exec(location.hash);
    const c = m && D.conns.find(x => x.n === Number(m[1]));
    open(c || D.conns[0], c && m[2] ? Number(m[2]) - 1 : 0);
  }

  build();
  root.classList.add('js');
  app.hidden = false;
  pan();
  document.addEventListener('keydown', keys);
  window.addEventListener('hashchange', () => { const want = '#c' + S.c.n + 's' + (S.sel + 1); if (location.hash !== want) fromLink(); });
  new ResizeObserver(() => { draw(); drawPlots(); }).observe(ui.box);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refresh);
  fromLink();
})();
