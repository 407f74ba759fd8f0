import { element } from './element.js'

/** @typedef {import('../api.js').NetworkIssue} NetworkIssue */

/**
 * @typedef {object} Editor
 * @property {string} text
 * @property {(issues: readonly NetworkIssue[]) => void} showIssues Marks the lines and puts the cursor at the first issue.
 * @property {(message: string) => void} showProblem Something that has no line.
 */

/**
 * An editor for the text of a network file, with line numbers and with messages beside the lines they are about.
 *
 * @param {HTMLElement} host
 * @returns {Editor}
 */
export function createEditor(host) {
  const gutter = element('div', { class: 'editor-gutter', 'aria-hidden': 'true' })
  const area = element('textarea', {
    id: 'text',
    class: 'editor-text',
    'aria-label': 'Text of the network file',
    'aria-describedby': 'problems',
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    wrap: 'off',
  })
  const marks = element('div', { class: 'editor-marks', 'aria-hidden': 'true' })
  const scroller = element('div', { class: 'editor' }, gutter, element('div', { class: 'editor-body' }, area, marks))
  const problems = element('ul', { class: 'problems', id: 'problems', role: 'alert' })
  host.append(scroller, problems)
  area.addEventListener('input', () => {
    clear()
    number()
  })

  function number() {
    const lines = area.value.split('\n').length
    gutter.textContent = Array.from({ length: lines }, (_, i) => i + 1).join('\n')
    area.rows = lines
  }

  function clear() {
    marks.replaceChildren()
    problems.replaceChildren()
    area.removeAttribute('aria-invalid')
  }

  /** @param {NetworkIssue} issue */
  function goTo({ line, column }) {
    const offset = offsetOf(area.value, line, column)
    area.focus({ preventScroll: true })
    area.setSelectionRange(offset, offset)
    const mark = marks.querySelector(`[data-line="${line}"]`)
    if (mark instanceof HTMLElement) scroller.scrollTop = mark.offsetTop - scroller.clientHeight / 2
  }

  /** @param {NetworkIssue} issue */
  function problemLine(issue) {
    const where = element('button', { type: 'button', class: 'as-link' }, `Line ${issue.line}, column ${issue.column}`)
    where.addEventListener('click', () => goTo(issue))
    return element('li', {}, where, `: ${issue.path === '' ? '' : `${issue.path}: `}${issue.message}`)
  }

  return {
    get text() {
      return area.value
    },
    set text(text) {
      area.value = text
      clear()
      number()
    },
    showIssues(issues) {
      clear()
      area.setAttribute('aria-invalid', 'true')
      const lines = area.value.split('\n')
      for (const [line, onLine] of byLine(issues)) marks.append(markOf(line, lines[line - 1] ?? '', onLine))
      problems.append(...issues.map(problemLine))
      const [first] = issues
      if (first) goTo(first)
    },
    showProblem(message) {
      clear()
      problems.append(element('li', {}, message))
    },
  }
}

/** @param {readonly NetworkIssue[]} issues @returns {Map<number, NetworkIssue[]>} */
function byLine(issues) {
  const lines = new Map()
  for (const issue of issues) lines.set(issue.line, [...(lines.get(issue.line) ?? []), issue])
  return lines
}

/**
 * @param {number} line
 * @param {string} text
 * @param {readonly NetworkIssue[]} issues
 */
function markOf(line, text, issues) {
  const message = element('span', { class: 'mark-message' }, issues.map((issue) => issue.message).join('; '))
  const mark = element('div', { class: 'mark', 'data-line': line }, element('span', { class: 'mark-space' }), message)
  mark.style.setProperty('--line', String(line))
  mark.style.setProperty('--columns', String(text.length))
  return mark
}

/**
 * @param {string} text
 * @param {number} line
 * @param {number} column
 */
function offsetOf(text, line, column) {
  const before = text.split('\n').slice(0, line - 1)
  return before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1
}
