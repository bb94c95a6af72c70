// ---- selecting
function select(i, jump) {
  if (!S.ev.length) return;
  S.sel = clamp(i, 0, S.ev.length - 1);
  reveal(jump);
  draw(); header(); detail(); light(); drawPlots();
  ui.caption.textContent = captionOf(S.ev[S.sel]);
  fit();
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
function setHide() { S.hide = !S.hide; refresh(); }
function setTimes(mode) {
  S.times = mode;
  tellTimes(S.c);
  ui.about.querySelectorAll('.times').forEach(t => { t.textContent = D.timeLegend[TIMES.indexOf(mode)]; });
  place(); reveal(true); refresh();
}
function setTime(on) { S.time = on; place(); reveal(true); refresh(); }
function zoom(f) {
  S.zoom = clamp(S.zoom * f, S.time ? 0.02 : 0.55, S.time ? 200 : 4);
  if (G.height * f > 8e6 && f > 1) { S.zoom /= f; return; }
  place(); reveal(true); draw();
}
// In large type the ladder ends above the caption, which stays at the window's lower edge, where both have room at the page's beginning.
function fit() {
  const on = root.classList.contains('projector'), free = innerHeight - ui.box.getBoundingClientRect().top - scrollY - ui.caption.offsetHeight;
  ui.box.style.height = on && free >= 14 * measure().em ? free + 'px' : '';
}
function projector() { const on = root.classList.toggle('projector'); ui.big.setAttribute('aria-pressed', on); fit(); place(); reveal(true); refresh(); }
function theme() {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  refresh();
}

// What a class reads below the ladder while the teacher steps on.
function captionOf(e) {
  return (e.frame ? numberOf(e) + ': ' : '') + (e.type === SEGMENT ? e.sentence : e.type === CALL ? 'The program of the ' + SIDES[e.from] + ' calls ' + e.text : e.text);
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
  if (on && nextSegment() < 0) { select(0, true); showRest(); }
  refresh(); fillTable();
  if (on) ui.quiz.querySelector('input,button').focus();
}
// Once nothing is left to guess, what comes after the last segment is shown, too.
function showRest() { if (nextSegment() < 0) select(S.ev.length - 1); }
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
    ui.quiz.append(el('p', { role: 'status' }, S.asked ? 'That was the last segment. Right: ' + S.right + ' of ' + S.asked + '.' : 'There is nothing to guess: no segment comes after the first.'), button('Again', 'From the beginning', () => { select(0, true); S.asked = S.right = 0; refresh(); }));
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
  showRest();
  refresh();
  const first = ui.quiz.querySelector('input');
  if (first) first.focus();
}
