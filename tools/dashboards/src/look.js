// Looks for what cannot be read in the panels that are drawn.

const settling = 1500; // milliseconds for charts, icons and typefaces

export async function look() {
  await new Promise((done) => setTimeout(done, settling));
  await document.fonts.ready;
  return [...document.querySelectorAll('[data-panel]')].flatMap((section) =>
    problems(section).map((problem) => ({ panel: section.dataset.panel, problem })));
}

function problems(section) {
  const found = [];
  const title = section.querySelector('h2');
  if (title.scrollWidth > title.clientWidth) {
    found.push(`the title needs ${title.scrollWidth} pixels and has ${title.clientWidth}`);
  }
  if (section.querySelector('[data-message="no-data"]')) {
    found.push('no data');
  }
  for (const element of section.querySelectorAll('*')) {
    const { overflowY } = getComputedStyle(element);
    if (['auto', 'scroll'].includes(overflowY) && element.scrollHeight > element.clientHeight + 1) {
      found.push(`${element.scrollHeight - element.clientHeight} pixels of the legend are hidden`);
    }
  }
  return found;
}
