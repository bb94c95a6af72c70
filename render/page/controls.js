// ---- what is shown
const S = { c: D.conns[0], ev: [], sel: 0, time: false, times: D.times, zoom: 1, hide: false, playing: 0, speed: '1', quiz: false, asked: 0, right: 0, done: false,
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
  ui.caption = el('p', { id: 'caption', 'aria-hidden': 'true' });
  ui.detail = el('section', { id: 'detail', class: 'panel', 'aria-label': 'The selected segment', tabindex: '0' });
  main.append(ui.quiz, el('div', { class: 'cols' }, el('section', { 'aria-label': 'Ladder' }, ui.heads, ui.box, ui.caption), ui.detail));
  main.append(el('section', { class: 'panel', 'aria-label': 'State machines' }, el('h2', {}, 'States of both ends, RFC 9293'), ui.machines = el('div', { class: 'machines' })));
  main.append(measured(), plots());
  ui.live = el('p', { class: 'vh', role: 'status', 'aria-live': 'polite' });
  app.append(ui.live, el('footer', {}, ui.about = about()), helpDialog());
  machines();
}
// What was captured, the legend and the words stand in the page already, for those without script.
function about() {
  const a = document.getElementById('about').cloneNode(true);
  a.removeAttribute('id');
  return a;
}
function toolbar() {
  const g = (label, ...kids) => el('div', { class: 'group', role: 'group', 'aria-label': label }, ...kids);
  ui.play = button('Play', 'Play or pause (space)', toggle);
  ui.speed = el('select', { 'aria-label': 'Speed', onchange: () => { S.speed = ui.speed.value; } },
    ...[['even', 'one a second'], ['0.01', '× 0.01'], ['0.1', '× 0.1'], ['0.5', '× 0.5'], ['1', '× 1'], ['2', '× 2'], ['10', '× 10'], ['100', '× 100']]
      .map(([v, t]) => el('option', { value: v, selected: v === '1' }, t)));
  ui.times = el('select', { 'aria-label': 'Times of the rows', title: 'Times of the rows: since the first, since the row before (+), or of the day (UTC)', onchange: () => setTimes(ui.times.value) },
    ...TIMES.map(v => el('option', { value: v, selected: v === S.times }, v)));
  ui.hide = button('As it comes', 'Show only what has come so far (u)', setHide, { 'aria-pressed': 'false' });
  ui.time = button('True time', 'True time or even spacing (t)', () => setTime(!S.time), { 'aria-pressed': 'false' });
  ui.quizButton = button('What comes next?', 'Guess the next segment (q)', () => setQuiz(!S.quiz), { 'aria-pressed': 'false' });
  ui.big = button('Projector', 'Large type (p)', projector, { 'aria-pressed': 'false' });
  return el('div', { class: 'bar', role: 'toolbar', 'aria-label': 'Controls' },
    g('Step', button('◂ Back', 'One row back (arrow up)', () => step(-1)), ui.play, button('Step ▸', 'One row on (arrow down)', () => step(1)), ui.speed),
    g('View', ui.hide, ui.times, ui.time, button('−', 'Zoom out (-)', () => zoom(1 / 1.4), { 'aria-label': 'Zoom out' }), button('+', 'Zoom in (+)', () => zoom(1.4), { 'aria-label': 'Zoom in' })),
    g('Learn', ui.quizButton),
    g('Page', button('Copy as text', 'Copy the ladder as text', copyText), file ? button('Save pcapng', 'Save the packets that are embedded in this page', savePcapng) : null, ui.big,
      button('Light/dark', 'Change the colours (d)', theme), button('Keys', 'Which keys do what (?)', () => ui.help.showModal())));
}
function helpDialog() {
  const keys = [['arrow down or up', 'next or previous row'], ['home, end, page up, page down', 'further'], ['space', 'play, pause'], ['t', 'true time or even spacing'], ['u', 'as it comes: hide what is still to come'],
    ['+ and -', 'zoom'], ['q', 'what comes next?'], ['p', 'projector'], ['d', 'light or dark'], ['/', 'search the connections'],
    ['#c1s3 behind the address of this page', 'opens row 3 of connection 1'], ['in a card: arrow keys', 'next field; its bytes light up'], ['in the bytes: arrow keys', 'next byte; its field lights up']];
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
    case 'start': return c.base == null ? 0n : BigInt(c.base) - BigInt(D.conns[0].base || c.base);
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
    el('div', { id: 'connbox', tabindex: '0', role: 'region', 'aria-label': 'Table of connections' }, el('table', { class: 'conns' }, el('thead', {}, el('tr', {}, ...ui.sorts)), ui.body)));
}
function fillTable() {
  if (!ui.body) return;
  let list = D.conns.filter(c => !S.search || COLS.some(([k]) => shown(c, k).toLowerCase().includes(S.search)) || c.verdict.join(' ').toLowerCase().includes(S.search));
  list.sort((a, b) => { const x = cell(a, S.sort), y = cell(b, S.sort); return (x < y ? -1 : x > y ? 1 : a.n - b.n) * (S.down ? 1 : -1); });
  COLS.forEach(([k], i) => ui.sorts[i].setAttribute('aria-sort', k === S.sort ? S.down ? 'ascending' : 'descending' : 'none'));
  ui.found.textContent = list.length + ' of ' + D.conns.length + (D.more ? ' that the page holds; ' + D.more + ' more were seen' : '');
  clear(ui.body);
  for (const c of list) {
    ui.body.append(el('tr', { 'aria-current': c === S.c ? 'true' : null, onclick: () => open(c, 0) },
      ...COLS.map(([k]) => el('td', { class: k === 'client' || k === 'server' ? 'address' : null }, k === 'n' ? button(String(c.n), 'Show connection ' + c.n, ev => { ev.stopPropagation(); open(c, 0); }) :
        S.quiz && k === 'outcome' ? '?' : shown(c, k)))));
  }
}
function open(c, i) {
  stop();
  S.c = c; S.ev = eventsOf(c);
  tellTimes(c);
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
  fillMeasured(over);
  if (S.c.files) ui.verdict.append(el('p', { class: 'remark' }, 'Files: ' + S.c.files + '.'));
  if (S.c.pathNote) ui.verdict.append(el('p', { class: 'remark' }, S.c.pathNote));
  const e = S.ev[S.sel];
  SIDES.forEach((s, k) => {
    const now = D.states[e ? e.last[k] : 0];
    ui.heads.append(el('div', {}, el('strong', {}, S.c[s + 'Name']), el('span', { class: 'mono' }, S.c[s]), ' ',
      el('span', { class: 'now' }, now === '?' ? '(state not known)' : now)));
  });
}
