// ---- what was measured of the connection, told at its end
function measured() {
  ui.measures = el('tbody', {});
  const head = el('thead', {}, el('tr', {}, el('td', {}), el('th', { scope: 'col' }, 'client'), el('th', { scope: 'col' }, 'server')));
  ui.measured = el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Table of measures' }, el('table', { class: 'measured' }, head, ui.measures));
  ui.unmeasured = el('p', { class: 'remark' });
  return el('section', { class: 'panel', 'aria-label': 'Measures' }, el('h2', {}, 'Measured, at the place of the capture'), ui.unmeasured, ui.measured);
}
function fillMeasured(over) {
  const list = over && S.c.measured || [], key = S.c.n + ' ' + list.length;
  if (ui.measured.key === key) return;
  ui.measured.key = key;
  ui.measured.hidden = !list.length;
  ui.unmeasured.hidden = !!list.length;
  ui.unmeasured.textContent = over ? 'Nothing was measured.' : 'The numbers stand here at its end.';
  clear(ui.measures);
  for (const [name, meaning, ...values] of list) {
    const tr = el('tr', {}, el('th', { scope: 'row' }, D.texts[name], el('p', {}, D.texts[meaning])));
    for (const v of values) tr.append(el('td', { colspan: values.length === 1 ? '2' : null }, D.texts[v] || '–'));
    ui.measures.append(tr);
  }
}

