/** The elements of the page. */

/** The element with an id. */
export const find = (id) => document.getElementById(id)

/** A new element. @param properties `class`, `aria-*` and other attributes; functions are listeners */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(key, value)
    else made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

const icons = {
  play: 'M8 5v14l11-7z',
  pause: 'M6 5h4v14H6zm8 0h4v14h-4z',
  compare: 'M9 4 4 9h4v11h2V9h4L9 4zm6 16 5-5h-4V4h-2v11h-4l5 5z',
  save: 'M11 4h2v8h4l-5 5-5-5h4V4zM5 18h14v2H5z',
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', icons[name])
  svg.append(path)
  return svg
}

/** Tells what happens, also to screen readers. */
export function tell(text) {
  find('status').textContent = text
}

/** Shows what went wrong; nothing hides it. */
export function complain(error) {
  const problem = find('problem')
  problem.hidden = error === undefined
  problem.textContent = error === undefined ? '' : error.message
}
