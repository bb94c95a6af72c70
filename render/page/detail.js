// ---- one segment: explanation, cards, bits, bytes
let lightUp = () => {};
function detail() {
  clear(ui.detail);
  const e = S.ev[S.sel];
  if (!e) return;
  ui.detail.append(el('h2', {}, (e.frame ? 'Frame ' + frameName(e) + ': ' : '') + rowText(e)));
  if (e.type === SEGMENT) ui.detail.append(el('p', {}, e.sentence));
  for (const t of e.comments) ui.detail.append(el('p', { class: 'comment' }, el('strong', {}, 'Comment: '), t));
  const terms = e.type === SEGMENT ? [e.kind, ...e.labels, ...new Set([D.states[e.states[0]], D.states[e.states[1]]])] : [e.type === CALL ? e.text.split('(')[0] + '()' : e.text.split(' ')[0]];
  const chips = el('div', { class: 'chips' });
  for (const t of terms) if (Object.hasOwn(D.glossary, t)) chips.append(explained(t, e.type !== SEGMENT));
  ui.detail.append(chips);
  const p = e.packet;
  if (!p) { ui.detail.append(el('p', { class: 'empty' }, e.type === CALL ? 'Layer 5, session: the program of the ' + SIDES[e.from] + ' asks its own system. This is no packet: what it leads to stands in the rows around it.' : e.type === NOTE ? 'Nothing was captured here.' : 'Its bytes are not in this page.')); return; }
  const frame = decode(p[3]), joined = decode(p[4]), bytes = new Uint8Array(frame.length + joined.length);
  bytes.set(frame); bytes.set(joined, frame.length);
  const layers = layersOf(p), shift = l => l.joined ? frame.length : 0;
  const fields = [];
  for (const l of layers) for (const fd of l.fields) {
    const a = shift(l) + l.off + (fd.bit >> 3), b = shift(l) + l.off + (fd.bit + fd.bits + 7 >> 3);
    fields.push(Object.assign(fd, { a, b, layer: l, buttons: [] }));
  }
  const start = (joined.length ? frame.length : 0) + p[5], body = { name: e.type === SEGMENT ? 'payload' : 'the packet that it quotes', a: start, b: start + p[6], bits: p[6] * 8, bit: 0, buttons: [], layer: { osi: e.type === SEGMENT ? 7 : 3 } };
  if (p[6]) fields.push(body);
  hexView(bytes, frame.length, layers, shift, fields, p, body);
  cards(e, p, layers, bytes, body);
}
function explained(t, open) {
  const g = D.glossary[t];
  return el('details', { open }, el('summary', {}, t), el('p', {}, el('strong', {}, g[1] + '. '), g[2] + (g[3] ? ' (' + g[3] + ')' : '')));
}
function card(n, name, cls, ...kids) {
  const bare = kids.length === 1 && kids[0].className === 'empty';
  return el('section', { class: 'card ' + cls + (bare ? ' bare' : '') }, el('h3', {}, n + ' ' + name), ...kids);
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
    for (const l of mine) layerIn(c, l, p);
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
// lengthOf gives a header's length on the wire: TCP's data offset tells it where the capture cut the header.
function lengthOf(l, p) {
  const at = l.name === 'TCP' && l.fields.find(f => f.name === 'data offset'), whole = at ? 4 * at.value : l.len;
  return whole > l.len && l.off + whole <= p[1] ? whole + ' bytes, ' + l.len + ' of them captured' : l.len + ' bytes';
}
function layerIn(c, l, p) {
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
  c.append(el('h3', {}, l.name + ', ' + lengthOf(l, p)), list, bits);
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
  kind.fill(body.layer.osi, body.a, body.b);
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
