// Opens the pages of a folder in a browser and uses them as a person does.
// Usage: node pages.cjs FOLDER CHROMIUM. Each check prints one line of JSON:
// {"name": …, "ms": …, "note": …, "error": …}. Needs playwright-core and
// axe-core where NODE_PATH finds them.
'use strict';
const fs = require('fs'), os = require('os'), path = require('path'), { pathToFileURL } = require('url');
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [, , folder, browserPath] = process.argv;
const SIZES = { desk: { width: 1366, height: 850 }, phone: { width: 390, height: 844 }, projector: { width: 1024, height: 768 } };
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const urlOf = name => pathToFileURL(path.join(folder, name + '.html')).href;
const names = fs.readdirSync(folder).filter(f => f.endsWith('.html')).map(f => f.slice(0, -5));
let browser;

function assert(ok, what) { if (!ok) throw new Error(what); }
function same(got, want, what) { assert(JSON.stringify(got) === JSON.stringify(want), what + ': ' + JSON.stringify(got) + ', want ' + JSON.stringify(want)); }

// tab opens a page in a context of its own, in which nothing may be asked for but the page, and nothing may be logged.
async function tab(name, options, body) {
  const ctx = await browser.newContext(Object.assign({ viewport: SIZES.desk, colorScheme: 'light', reducedMotion: 'reduce' }, options));
  const p = await ctx.newPage(), wrong = [];
  ctx.setDefaultTimeout(15000);
  p.on('console', m => wrong.push('console: ' + m.text()));
  p.on('pageerror', e => wrong.push('error: ' + e));
  p.on('dialog', d => { wrong.push('dialog: ' + d.message()); d.dismiss(); });
  await ctx.route('**', r => {
    const u = r.request().url();
    if (u.startsWith('data:') || u.startsWith('blob:') || u.split('#')[0] === urlOf(name)) return r.continue();
    wrong.push('request: ' + u);
    return r.abort();
  });
  try {
    await p.goto(urlOf(name) + (options && options.hash || ''), { waitUntil: 'load' });
    await body(p, ctx);
    same(wrong, [], 'the page was not quiet');
  } finally { await ctx.close(); }
}
async function check(name, body) {
  const begin = Date.now();
  let error, note;
  try { note = await body(); } catch (e) { error = String(e.stack || e).slice(0, 1500); }
  console.log(JSON.stringify({ name, ms: Date.now() - begin, note: note || undefined, error }));
}

const frame = p => p.evaluate(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r))));
const row = p => p.evaluate(() => Number(/s(\d+)$/.exec(location.hash)[1]));
const heading = p => p.locator('#detail h2').first().textContent();
const press = (p, name) => p.getByRole('button', { name, exact: true }).click();
const pressed = (p, name) => p.getByRole('button', { name, exact: true }).getAttribute('aria-pressed');
const wide = p => p.evaluate(() => {
  const w = document.documentElement.clientWidth, out = [];
  if (document.documentElement.scrollWidth > w) for (const e of document.body.querySelectorAll('*')) if (e.getBoundingClientRect().right > w + 1) out.push(e.tagName + '#' + e.id + '.' + (e.getAttribute('class') || ''));
  return document.documentElement.scrollWidth > w ? ['wider than ' + w + ': ' + document.documentElement.scrollWidth].concat(out.slice(0, 4)) : [];
});
// The page's policy forbids scripts of others: axe comes in through the debugger.
async function accessible(p, ctx, what) {
  const s = await ctx.newCDPSession(p);
  await s.send('Runtime.evaluate', { expression: axe + ';0' });
  const r = await s.send('Runtime.evaluate', { awaitPromise: true, returnByValue: true,
    expression: 'axe.run(document,{resultTypes:["violations"]}).then(r=>r.violations.map(v=>v.id+" ("+v.impact+") "+v.nodes.slice(0,3).map(n=>n.html.slice(0,140)+" "+(n.any[0]?n.any[0].message:"")).join(" | ")))' });
  assert(!r.exceptionDetails, JSON.stringify(r.exceptionDetails));
  same(r.result.value, [], 'axe, ' + what);
}

// Which texts of the ladder overlap by more than the edges of their boxes, in which there is no ink: boxes as they are turned, apart
// where along a side of either all corners of one lie before those of the other.
const overlaps = p => p.evaluate(() => {
  const box = document.getElementById('ladderbox').getBoundingClientRect(), out = [];
  const quads = [...document.querySelectorAll('#ladderbox svg text')].filter(t => t.textContent).map(t => {
    const b = t.getBBox(), m = t.getScreenCTM(), x = Math.min(1, b.width / 4), y = Math.min(1.5, b.height / 4);
    const at = (dx, dy) => { const q = new DOMPoint(b.x + dx, b.y + dy).matrixTransform(m); return [q.x, q.y]; };
    return { text: t.textContent, c: [at(x, y), at(b.width - x, y), at(b.width - x, b.height - y), at(x, b.height - y)] };
  }).filter(q => q.c.some(c => c[1] > box.top && c[1] < box.bottom));
  const apart = (a, b) => [a, b].some(q => [0, 1].some(i => {
    const n = [q.c[i + 1][0] - q.c[i][0], q.c[i + 1][1] - q.c[i][1]], along = r => r.c.map(c => c[0] * n[0] + c[1] * n[1]), u = along(a), v = along(b);
    return Math.max(...u) <= Math.min(...v) || Math.max(...v) <= Math.min(...u);
  }));
  quads.forEach((a, i) => quads.slice(i + 1).forEach(b => { if (!apart(a, b)) out.push(a.text + ' over ' + b.text); }));
  return out.slice(0, 6).concat(quads.length ? [] : ['no text']);
});

// Even spacing and true time, in ordinary and in large letters, at several places and zooms: no text stands on another, nor under the caption.
async function noTextOnAnother() {
  const sizes = { classroom: { width: 1280, height: 720 }, wall: { width: 1920, height: 1080 }, phone: SIZES.phone };
  for (const name of ['s02-http-200', 's07-backlog', 'calls', 'labels', 'distant', 'clock', 'halves'])
    for (const size in sizes) if (size !== 'phone' || name === 's02-http-200' || name === 'distant') await check('no text on another: ' + name + ', ' + size, () => tab(name, { viewport: sizes[size] }, async p => {
      for (const keys of ['', 'p', 't', 'p', '+', '-', '-', '-']) { // ordinary even, large even, large true, ordinary true, zooms
        if (keys) await p.keyboard.press(keys);
        for (const part of [0, 0.4, 1]) {
          await p.evaluate(part => { const b = document.getElementById('ladderbox'); b.scrollTop = b.scrollHeight * part; }, part);
          await frame(p);
          same(await overlaps(p), [], (keys || 'at first') + ' at ' + part);
        }
        const left = await p.evaluate(() => { const c = document.getElementById('caption').offsetHeight, b = document.getElementById('ladderbox').getBoundingClientRect(), free = innerHeight - b.top - scrollY - c; return c && free >= 14 * 24 ? free - b.height : 0; });
        assert(left > -1, 'the caption is over the ladder: ' + left);
      }
      await p.keyboard.press('End'); await frame(p);
      same(await overlaps(p), [], 'at the last row');
    }));
  await check('rows of several files', () => tab('halves', { hash: '#c1s5' }, async p => {
    await frame(p);
    assert(await p.locator('#ladderbox svg text', { hasText: /^f2 1$/ }).count() === 1, 'the row');
    assert((await heading(p)).startsWith('Frame 1 in second.pcap: '), await heading(p));
    assert((await p.locator('#app .remark').allTextContents()).includes('Files: f1 first.pcap, f2 second.pcap.'), 'which is which');
  }));
  await check('times as the timeline tells them', async () => {
    for (const name of ['ticks', 'clock', 'delta']) await tab(name, {}, async p => {
      await frame(p);
      const [want, drawn] = await p.evaluate(() => {
        const d = JSON.parse(document.getElementById('data').textContent), sign = d.times === '+seconds' ? '+' : '';
        return [d.conns[0].events.map(e => (e[3][0] === '-' ? '' : sign) + e[3]), [...document.querySelectorAll('#ladderbox svg text')].map(t => t.textContent)];
      });
      same(want.slice(0, 8).filter(t => !drawn.includes(t)), [], name);
    });
  });
}

async function everyPage() {
  for (const name of names) await check('opens ' + name, () => tab(name, {}, async p => {
    await frame(p);
    assert(await p.locator('#rows [role=option]').count() > 0, 'no rows');
    assert((await p.title()).endsWith('tcpsee'), 'title');
    for (const size in SIZES) {
      await p.setViewportSize(SIZES[size]);
      if (size === 'projector') await p.keyboard.press('p');
      await frame(p);
      same(await wide(p), [], size);
      const drawn = await p.evaluate(() => {
        const box = document.getElementById('ladderbox').getBoundingClientRect();
        return [...document.querySelectorAll('#ladderbox svg text')].filter(t => { const r = t.getBoundingClientRect(); return r.left < box.left - 2 || r.right > box.right + 2; }).map(t => t.textContent);
      });
      same(drawn, [], size + ': text beyond the ladder');
    }
  }));
}
async function accessibility() {
  for (const name of ['s01-chat', 's02-http-200', 's05-no-neighbour', 's07-backlog', 'calls', 'commented', 'hostile'])
    for (const colorScheme of ['light', 'dark']) await check('axe ' + name + ' ' + colorScheme, () => tab(name, { colorScheme }, async (p, ctx) => {
      await frame(p);
      if (name === 's01-chat') { await p.keyboard.press('End'); for (const d of await p.locator('#detail details').all()) await d.evaluate(x => { x.open = true; }); }
      await accessible(p, ctx, 'open');
      if (name !== 's01-chat') return;
      await p.keyboard.press('q');
      await accessible(p, ctx, 'what comes next');
      await p.keyboard.press('q');
      await p.keyboard.press('p');
      await accessible(p, ctx, 'projector');
      await p.keyboard.press('?');
      await accessible(p, ctx, 'keys');
    }));
  for (const colorScheme of ['light', 'dark']) await check('axe without script ' + colorScheme, () => tab('s07-backlog', { colorScheme }, async (p, ctx) => {
    await p.evaluate(() => { document.getElementById('app').remove(); document.documentElement.classList.remove('js'); });
    await accessible(p, ctx, 'without script');
  }));
}

async function stepping() {
  await check('select by mouse and by keys', () => tab('s01-chat', {}, async p => {
    same(await row(p), 1, 'first row');
    await p.locator('#rows [role=option]').nth(3).click();
    same(await row(p), 4, 'a click');
    assert((await heading(p)).includes('DATA 6 B'), await heading(p));
    for (const [key, want] of [['ArrowDown', 5], ['ArrowRight', 6], ['ArrowUp', 5], ['ArrowLeft', 4], ['End', 10], ['Home', 1], ['PageDown', 10], ['PageUp', 1]]) {
      await p.keyboard.press(key);
      same(await row(p), want, key);
    }
    await press(p, 'Step ▸'); same(await row(p), 2, 'Step');
    await press(p, '◂ Back'); same(await row(p), 1, 'Back');
    const selected = p.locator('#rows [aria-selected=true]');
    same(await p.locator('#rows').getAttribute('aria-activedescendant'), await selected.getAttribute('id'), 'active descendant');
    assert(/frame 1, .*client to server: SYN seq=0\. The client asks/.test(await selected.getAttribute('aria-label')), await selected.getAttribute('aria-label'));
  }));
  await check('every control by keyboard', () => tab('s01-chat', {}, async p => {
    const seen = new Set();
    for (let i = 0; i < 80; i++) {
      await p.keyboard.press('Tab');
      seen.add(await p.evaluate(() => { const e = document.activeElement; return e.id || e.getAttribute('aria-label') || e.textContent.trim().slice(0, 20); }));
    }
    for (const want of ['To the ladder', '◂ Back', 'Play', 'Step ▸', 'Speed', 'As it comes', 'True time', 'Zoom out', 'Zoom in', 'What comes next?', 'Copy as text', 'Projector', 'Light/dark', 'Keys', 'rows', 'detail'])
      assert(seen.has(want), want + ' cannot be reached: ' + [...seen].join('; '));
    await p.getByRole('button', { name: 'Step ▸', exact: true }).focus();
    await p.keyboard.press('Enter');
    same(await row(p), 2, 'Enter on Step');
  }));
  await check('times of the rows', () => tab('s01-chat', {}, async p => {
    const second = () => p.locator('#rows [role=option]').nth(1).getAttribute('aria-label');
    const legend = () => p.locator('footer .times').textContent();
    for (const [how, label, says] of [['+seconds', /seconds later/, /row before/], ['UTC', / at \d\d:\d\d:\d\d\.\d{6} UTC/, /of the day/], ['seconds', / 0\.\d{6} seconds,/, /first row/]]) {
      await p.getByLabel('Times of the rows').selectOption(how);
      assert(label.test(await second()), how + ': ' + await second());
      assert(says.test(await legend()), how + ': ' + await legend());
    }
  }));
  await check('play, pause, speed', () => tab('s01-chat', {}, async p => {
    await p.clock.install({ time: 0 });
    await p.clock.pauseAt(3600000);
    await p.getByLabel('Speed').selectOption('even');
    await press(p, 'Play');
    await p.clock.runFor(100);
    same(await pressed(p, 'As it comes'), 'true', 'it unrolls');
    same(await p.locator('#rows [role=option]').count(), 1, 'only what has come');
    assert(await p.getByText('What became of it stands here at its end.').isVisible(), 'the verdict is told too early');
    await p.clock.runFor(2000);
    same(await row(p), 3, 'two seconds');
    await press(p, 'Pause');
    await p.clock.runFor(5000);
    same(await row(p), 3, 'a pause');
    await p.getByLabel('Speed').selectOption('100');
    await p.locator('#rows').focus();
    await p.keyboard.press(' ');
    await p.clock.runFor(20000);
    same(await row(p), 10, 'to the end');
    assert(await p.getByRole('button', { name: 'Play', exact: true }).isVisible(), 'it stopped');
    assert((await p.locator('#app .verdict').first().textContent()).startsWith('closed by the client'), 'verdict');
    await p.keyboard.press('u');
    same(await pressed(p, 'As it comes'), 'false', 'key u');
  }));
  await check('true time, zoom and pan', () => tab('s01-chat', {}, async p => {
    const height = () => p.evaluate(() => document.getElementById('rows').getBoundingClientRect().height);
    const even = await height();
    await press(p, 'Zoom in'); await frame(p);
    assert(await height() > even, 'zoom in');
    await press(p, 'Zoom out'); await press(p, 'Zoom out'); await frame(p);
    assert(await height() < even, 'zoom out');
    await p.keyboard.press('+'); await p.keyboard.press('+'); await p.keyboard.press('+'); await frame(p);
    assert(await height() > even, 'key +');
    await p.keyboard.press('-');
    await press(p, 'True time'); await frame(p);
    same(await pressed(p, 'True time'), 'true', 'true time');
    assert(await p.locator('#ladderbox svg text', { hasText: '1.003 s' }).count() === 1, 'the silence is folded, and said');
    for (let i = 0; i < 8; i++) await p.keyboard.press('+');
    await frame(p);
    const box = await p.locator('#ladderbox').boundingBox(), top = () => p.evaluate(() => document.getElementById('ladderbox').scrollTop);
    await p.locator('#ladderbox').evaluate(b => { b.scrollTop = 0; });
    await p.mouse.move(box.x + 300, box.y + 300); await p.mouse.down(); await p.mouse.move(box.x + 300, box.y + 200, { steps: 5 }); await p.mouse.up();
    same(await top(), 100, 'dragged');
    const before = await height();
    await p.keyboard.down('Control'); await p.mouse.wheel(0, -100); await p.keyboard.up('Control'); await frame(p); await frame(p);
    assert(await height() > before, 'control and the wheel');
    await p.keyboard.press('t'); await frame(p);
    same(await pressed(p, 'True time'), 'false', 'key t');
  }));
  await check('what was measured', async () => {
    const words = p => p.locator('#main .measured tbody tr').allInnerTexts();
    await tab('s02-http-200', {}, async p => {
      const rows = await words(p);
      assert(rows.some(r => r.startsWith('Sent') && r.includes('41 B, 13 segments') && r.includes('6,801 B, 12 segments')), rows.join(' / '));
      assert(rows.some(r => r.startsWith('Handshake') && r.includes('54 µs: 40 µs to the server and back')), rows.join(' / '));
      assert(rows.some(r => r.startsWith('Captured') && r.includes('SYN, SYN-ACK, ACK, data, FIN (31)')), rows.join(' / '));
      await p.keyboard.press('u');
      same(await words(p), [], 'told before its end');
      assert(await p.getByText('The numbers stand here at its end.').isVisible(), 'where they will be');
      await p.keyboard.press('End');
      same(await words(p), rows, 'at the end');
    });
    await tab('s07-backlog', {}, async p => {
      const first = await words(p);
      await p.getByRole('button', { name: '4', exact: true }).click();
      assert((await words(p)).join() !== first.join(), 'another connection has the same numbers');
    });
  });
  await check('deep links', async () => {
    await tab('s01-chat', { hash: '#c1s3' }, async p => {
      same(await row(p), 3, 'the row');
      assert((await heading(p)).startsWith('Frame 3: ACK'), await heading(p));
      await p.evaluate(() => { location.hash = '#c1s8'; });
      await frame(p);
      assert((await heading(p)).startsWith('Frame 8: FIN'), 'a new link');
    });
    await tab('s07-backlog', { hash: '#c2s2' }, async p => { assert((await p.title()).startsWith('connection 2'), await p.title()); same(await row(p), 2, 'row'); });
    await tab('s01-chat', { hash: '#c99s1' }, async p => {
      same(await row(p), 1, 'no such connection');
      for (const hash of ['#c1s99999', '#x', '#c1s0', '#__proto__', '#c1s3<b>']) {
        await p.evaluate(h => { location.hash = h; }, hash);
        await frame(p);
        assert(await row(p) >= 1 && await row(p) <= 10, hash);
      }
    });
  });
  await check('states and plots follow', () => tab('s01-chat', {}, async p => {
    const now = () => p.evaluate(() => [...document.querySelectorAll('.machines g.now text')].map(t => t.textContent));
    same(await now(), ['SYN-SENT'], 'row 1');
    await p.keyboard.press('ArrowDown'); await p.keyboard.press('ArrowDown');
    same(await now(), ['ESTABLISHED', 'ESTABLISHED'], 'row 3');
    assert((await p.locator('.machines').textContent()).includes('SYN-RECEIVED → ESTABLISHED: ACK comes'), 'the way is named');
    await p.keyboard.press('End');
    same(await now(), ['TIME-WAIT', 'CLOSED'], 'row 10');
    await p.waitForFunction(() => document.querySelector('.plots canvas').hasAttribute('aria-label'));
    const label = await p.locator('.plots canvas').first().getAttribute('aria-label');
    assert(/Bytes against time: \d+ points/.test(label), label);
    const canvas = p.locator('.plots canvas').first();
    await canvas.scrollIntoViewIfNeeded();
    const b = await canvas.boundingBox();
    await canvas.click({ position: { x: 52, y: b.height / 2 } });
    assert(await row(p) <= 3, 'a click at the left of a plot: ' + await row(p));
    await p.getByRole('button', { name: /^data from the/ }).click();
    assert((await p.getByRole('button', { name: /^data from the/ }).textContent()).includes('server'), 'direction');
  }));
}

async function learning() {
  await check('what comes next?', () => tab('s01-chat', {}, async p => {
    await press(p, 'What comes next?');
    const verdicts = await p.locator('#app .verdict').count();
    same(verdicts, 0, 'the verdict is hidden');
    same(await p.locator('#rows [role=option]').count(), 1, 'rows');
    await p.keyboard.press('ArrowDown');
    await p.locator('#rows').focus(); await p.keyboard.press('ArrowDown');
    same(await row(p), 1, 'nobody looks ahead');
    await p.getByRole('radio', { name: 'server', exact: true }).check();
    await p.getByRole('radio', { name: 'SYN-ACK' }).check();
    await p.getByLabel('Its acknowledgment number').fill('1');
    await press(p, 'Guess');
    assert((await p.locator('#quiz').textContent()).includes('Right. It was SYN-ACK'), await p.locator('#quiz').textContent());
    await p.getByRole('radio', { name: 'server', exact: true }).focus();
    await p.keyboard.press(' ');
    await p.getByRole('radio', { name: 'RST' }).focus(); await p.keyboard.press(' '); await p.keyboard.press('Enter');
    assert((await p.locator('#quiz').textContent()).includes('Not quite. It was ACK'), await p.locator('#quiz').textContent());
    assert((await p.locator('#quiz').textContent()).includes('1 of 2'), 'count');
    for (let i = 0; i < 7; i++) { await p.getByRole('radio', { name: 'client', exact: true }).check(); await p.getByRole('radio', { name: 'ACK', exact: true }).check(); await press(p, 'Guess'); }
    assert((await p.locator('#quiz').textContent()).includes('That was the last segment.'), 'end');
    await press(p, 'Again');
    same(await row(p), 1, 'again');
    await p.keyboard.press('Escape');
    await p.locator('#rows').focus(); await p.keyboard.press('q');
    same(await p.locator('#quiz').isVisible(), false, 'key q ends it');
  }));
  await check('nothing to guess', () => tab('s05-unreachable', {}, async p => {
    await press(p, 'What comes next?');
    assert((await p.locator('#quiz').textContent()).includes('nothing to guess'), await p.locator('#quiz').textContent());
    same(await p.locator('#rows [role=option]').count(), 2, 'the ICMP error is shown');
  }));
  await check('bytes and fields light up each other', () => tab('s01-chat', { hash: '#c1s4' }, async p => {
    const hot = () => p.evaluate(() => [...document.querySelectorAll('.hex span.hot')].slice(0, document.querySelectorAll('.hex span.hot').length).map(s => s.getAttribute('data-b')).filter((v, i, a) => a.indexOf(v) === i).map(Number).sort((a, b) => a - b));
    const fields = () => p.evaluate(() => [...document.querySelectorAll('.fields button.hot')].map(b => b.firstChild.textContent));
    await p.locator('.fields button', { hasText: 'destination port' }).hover();
    same(await hot(), [36, 37], 'bytes of the destination port');
    await p.locator('.hex span[data-b="38"]').first().hover();
    same(await fields(), ['sequence number'], 'field of byte 38');
    same(await hot(), [38, 39, 40, 41], 'its bytes');
    await p.locator('.hex').focus();
    await p.keyboard.press('ArrowRight'); await p.keyboard.press('ArrowDown');
    same(await p.evaluate(() => document.querySelectorAll('.fields button.hot').length), 1, 'keys in the bytes');
    await p.locator('.fields button', { hasText: 'source port' }).focus();
    await p.keyboard.press('ArrowDown');
    same(await fields(), ['destination port'], 'keys in the fields');
    await p.locator('.fields button', { hasText: 'payload' }).focus();
    same((await hot()).length, 6, 'payload');
    same(await p.locator('.text7').textContent(), 'Hello\\n\n', 'text of layer 7');
    const bits = await p.locator('.bits').first().evaluate(b => b.textContent);
    assert(/source port.*sequence number.*window/s.test(bits), bits);
    for (const n of ['7 application', '6 presentation', '5 session', '4 transport', '3 network', '2 data link', '1 physical']) assert(await p.locator('.card h3', { hasText: n }).count() >= 1, n);
    await p.locator('.chips summary').first().click();
    assert(await p.locator('.chips details[open] p').isVisible(), 'an explanation opens');
  }));
}

async function pageControls() {
  await check('search and sort', () => tab('s07-backlog', {}, async p => {
    const column = n => p.locator('#connbox tbody tr td:nth-child(' + n + ')').allTextContents();
    const all = await column(1);
    assert(all.length > 2, 'rows');
    const port = (await column(3))[1].split(':').pop();
    await p.keyboard.press('/');
    await p.keyboard.type(port);
    same((await column(1)).length, 1, 'found ' + port);
    await p.getByLabel('Search').fill('no such thing');
    same(await column(1), [], 'nothing found');
    await p.getByLabel('Search').fill('');
    await p.getByRole('columnheader', { name: 'Rows' }).getByRole('button').click();
    const rows = (await column(6)).map(Number);
    same(rows, [...rows].sort((a, b) => a - b), 'sorted');
    same(await p.locator('th[aria-sort=ascending]').textContent(), 'Rows', 'said');
    await p.getByRole('columnheader', { name: 'Rows' }).getByRole('button').press('Enter');
    same((await column(6)).map(Number), [...rows].sort((a, b) => b - a), 'turned round');
    await p.getByRole('button', { name: '2', exact: true }).press('Enter');
    assert((await p.locator('h1').first().textContent()).startsWith('Connection 2'), 'opened');
    same(await p.locator('#connbox tr[aria-current]').count(), 1, 'marked');
  }));
  await check('the table on a phone', () => tab('s07-backlog', { viewport: SIZES.phone }, async p => {
    const broken = await p.locator('#connbox th, #connbox td').evaluateAll(list => list.filter(c => {
      const r = document.createRange(), tops = new Set();
      r.selectNodeContents(c);
      for (const b of r.getClientRects()) if (b.width > 0) tops.add(Math.round(b.bottom / 20));
      return tops.size > 1 && !c.querySelector('button');
    }).map(c => c.textContent));
    same(broken, [], 'words in two lines');
  }));
  await check('sizes are told as without script', () => tab('sizes', {}, async p => {
    const told = await p.locator('#connbox tbody td:nth-child(7)').allTextContents();
    same(told, ['999 B', '1,007 B', '9,999 B', '10.0 kB', '1.0 MB', '1.2 GB'], 'with script');
    same(await p.locator('#static .conns td:nth-child(5)').allTextContents(), told, 'without');
  }));
  await check('copy, save, themes, help', () => tab('s01-chat', { permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true }, async p => {
    await press(p, 'Copy as text');
    await p.getByText('Copied.').waitFor({ state: 'attached' });
    const text = await p.evaluate(() => navigator.clipboard.readText());
    assert(text.includes('SYN-ACK') && text.includes('"Hello\\n"') && text.includes('closed by the client'), text);
    const [d] = await Promise.all([p.waitForEvent('download'), press(p, 'Save pcapng')]);
    const saved = fs.readFileSync(await d.path()), link = await p.evaluate(() => document.getElementById('capture').href.split(',')[1]);
    assert(saved.equals(Buffer.from(link, 'base64')) && saved.readUInt32LE(0) === 0x0a0d0d0a, 'the file');
    const paper = () => p.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await press(p, 'Light/dark'); assert(await paper() !== light, 'dark');
    await p.locator('#rows').focus(); await p.keyboard.press('d'); same(await paper(), light, 'light again');
    const size = () => p.evaluate(() => getComputedStyle(document.documentElement).fontSize);
    same(await size(), '16px', 'size');
    await press(p, 'Projector'); same(await size(), '24px', 'projector');
    assert((await p.locator('#caption').textContent()).includes('asks for a connection') && await p.locator('#caption').isVisible(), 'caption');
    await press(p, 'Projector'); same(await size(), '16px', 'and back');
    await press(p, 'Keys'); assert(await p.getByRole('dialog').isVisible(), 'help');
    await p.keyboard.press('Escape'); same(await p.getByRole('dialog').count(), 0, 'closed');
    await p.locator('#rows').focus(); await p.keyboard.press('?'); await press(p, 'Close'); same(await p.getByRole('dialog').count(), 0, 'closed');
  }));
  await check('layer 7 on the arrows, comments and calls', async () => {
    const drawn = p => p.evaluate(() => [...document.querySelectorAll('#ladderbox svg text')].map(t => t.textContent).join('\n'));
    for (const size of ['desk', 'phone']) await tab('s02-http-200', { viewport: SIZES[size] }, async p => { await frame(p); assert((await drawn(p)).includes('GET / HTTP/1.1'), size + ': ' + await drawn(p)); });
    await tab('commented', {}, async p => {
      await frame(p);
      assert((await drawn(p)).includes('comment: look here'), await drawn(p));
      await p.keyboard.press('ArrowDown');
      assert((await p.locator('#detail .comment').first().textContent()).includes('look here'), 'in the detail');
    });
    await tab('calls', {}, async p => {
      await frame(p);
      assert((await drawn(p)).includes('accept()'), await drawn(p));
      assert((await p.locator('#detail').textContent()).includes('Layer 5, session'), 'a call explained');
      assert(await p.locator('#detail .chips summary').count() === 1, 'its word');
    });
    await tab('s05-no-neighbour', {}, async p => { await frame(p); assert((await drawn(p)).includes('ARP who has') && (await drawn(p)).includes('ICMP host unreachable'), await drawn(p)); });
  });
}

async function withoutScript() {
  await check('without script', () => tab('s02-http-200', { javaScriptEnabled: false }, async p => {
    for (const want of ['svg.ladder', 'table.rows', '#about']) assert(await p.locator('#static ' + want).isVisible(), want);
    const text = await p.locator('#static').textContent();
    for (const want of ['GET / HTTP/1.1', 'SYN-SENT', 'closed by the server', 'asks for a connection', 'How to read it']) assert(text.includes(want), want);
    await p.locator('#static summary').click();
    assert(await p.locator('#static pre').isVisible(), 'text');
  }));
  await check('without script on a phone', () => tab('s07-backlog', { javaScriptEnabled: false, viewport: SIZES.phone }, async p => {
    assert(await p.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth).catch(() => true), 'wide');
    const body = await p.locator('body').boundingBox();
    assert(body.width <= 390, 'wide: ' + body.width);
  }));
  await check('on paper', () => tab('s02-http-200', { colorScheme: 'dark' }, async p => {
    await p.emulateMedia({ media: 'print' });
    same(await p.locator('#app').isVisible(), false, 'controls');
    assert(await p.locator('#static svg.ladder').isVisible() && await p.locator('#static table.rows').isVisible(), 'picture and rows');
    same(await p.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)', 'paper');
    const pdf = await p.pdf({ format: 'A4' });
    assert(pdf.length > 10000 && pdf.subarray(0, 5).toString() === '%PDF-', 'pdf');
  }));
}

async function hostility() {
  await check('attacks run nothing', () => tab('hostile', {}, async p => {
    const count = await p.evaluate(() => [document.scripts.length, document.querySelectorAll('iframe,object,embed,img,base,link,form[action],[onload],[onerror],[onclick]').length]);
    same(count, [2, 0], 'scripts and strangers');
    const total = await p.evaluate(() => JSON.parse(document.getElementById('data').textContent).conns[0].events.length);
    assert(total > 200, total + ' rows');
    await p.evaluate(async n => {
      const rows = document.getElementById('rows');
      for (let i = 0; i < n; i++) {
        rows.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true, cancelable: true }));
        if (i % 10 === 0) await new Promise(requestAnimationFrame);
      }
    }, total);
    same(await row(p), total, 'every row was shown');
    await p.locator('#rows').focus();
    await p.keyboard.press('t'); await p.keyboard.press('q'); await p.keyboard.press('q'); await p.keyboard.press('p');
    await frame(p);
    same(await wide(p), [], 'layout');
    same(await p.evaluate(() => [document.scripts.length, document.querySelectorAll('iframe,object,embed,img,base,link,form[action]').length, location.protocol]), [2, 0, 'file:'], 'still');
    same(await p.evaluate(() => ({}).polluted === undefined && Object.keys(Object.prototype).length), 0, 'prototype');
  }));
}

// How long from the opening of a page to its first picture. It is told, not judged: the machine may be busy.
async function speed() {
  for (const name of ['hundred', 'large']) await check('first picture of ' + name, async () => {
    const times = [], busy = [];
    for (let i = 0; i < 3; i++) await tab(name, {}, async (p, ctx) => {
      const s = await ctx.newCDPSession(p);
      await s.send('Performance.enable', { timeDomain: 'threadTicks' });
      await p.reload();
      await p.waitForFunction(() => performance.getEntriesByName('first picture').length > 0);
      const m = (await s.send('Performance.getMetrics')).metrics.find(x => x.name === 'TaskDuration');
      busy.push(Math.round(m.value * 1000));
      times.push(await p.evaluate(() => Math.round(performance.getEntriesByName('first picture')[0].startTime)));
    });
    for (const t of [times, busy]) t.sort((a, b) => a - b);
    return 'first picture after ' + times.join(', ') + ' ms, median ' + times[1] + '; processor time of the page ' + busy.join(', ') + ' ms, median ' + busy[1];
  });
}
async function large() {
  await check('10,000 segments', () => tab('large', {}, async p => {
    await frame(p);
    const options = () => p.locator('#rows [role=option]').count();
    assert(await options() < 200, 'not windowed: ' + await options());
    await p.keyboard.press('End');
    same(await row(p), 10000, 'end');
    await frame(p);
    assert(await options() > 3 && await options() < 200, 'drawn at the end: ' + await options());
    for (let i = 0; i < 20; i++) await p.evaluate(i => { const b = document.getElementById('ladderbox'); b.scrollTop = b.scrollHeight * i / 20; }, i);
    await p.keyboard.press('t'); await frame(p);
    assert(await options() > 0, 'true time');
    same(await wide(p), [], 'wide');
  }));
}

(async () => {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'tcpsee-chromium-'));
  browser = await chromium.launch({ executablePath: browserPath, args: FLAGS.concat('--disk-cache-dir=' + data) });
  const parts = { everyPage, noTextOnAnother, accessibility, stepping, learning, pageControls, withoutScript, hostility, large, speed };
  const only = process.env.TCPSEE_BROWSER_PARTS;
  try { for (const n in parts) if (!only || only.split(',').includes(n)) await parts[n](); } finally { await browser.close(); fs.rmSync(data, { recursive: true, force: true }); }
})().catch(e => { console.log(JSON.stringify({ name: 'browser', ms: 0, error: String(e.stack || e) })); process.exit(1); });
