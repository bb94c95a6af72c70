// ---- out of the page
function ladderText() {
  const pre = document.getElementById('text' + S.c.n);
  if (pre) return pre.textContent + '\n';
  return [S.c.title, S.c.client + ' to ' + S.c.server, ...S.ev.map(e => [numberOf(e).padStart(5), timeOf(e).padStart(15),
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
// The packets that the page embeds, a link to a pcapng file that works without script as well.
function savePcapng() {
  const url = URL.createObjectURL(new Blob([decode(file.href.slice(file.href.indexOf(',') + 1))], { type: 'application/octet-stream' }));
  const a = el('a', { href: url, download: file.getAttribute('download') });
  document.body.append(a); a.click(); a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  ui.live.textContent = 'Saved.';
}

// ---- keys, pointer, links
function keys(ev) {
  if (ev.ctrlKey || ev.metaKey || ev.altKey || ui.help.open) return;
  const t = ev.target.tagName, typing = t === 'SELECT' || t === 'TEXTAREA' || t === 'INPUT';
  if (typing) return;
  const page = Math.max(1, Math.floor(ui.box.clientHeight * S.ev.length / G.height) - 1);
  const inLadder = ev.target === ui.rows || ev.target === document.body || ev.target === ui.box;
  const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9 };
  if (Object.hasOwn(moves, ev.key) && inLadder) { ev.preventDefault(); stop(); if (!S.quiz || moves[ev.key] < 0) step(moves[ev.key]); if (S.quiz) refresh(); return; }
  const acts = { u: setHide, t: () => setTime(!S.time), '+': () => zoom(1.4), '-': () => zoom(1 / 1.4), q: () => setQuiz(!S.quiz), p: projector, d: theme, '?': () => ui.help.showModal(),
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
new ResizeObserver(() => { place(); reveal(); draw(); drawPlots(); }).observe(ui.box);
window.addEventListener('resize', fit);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refresh);
fromLink();
